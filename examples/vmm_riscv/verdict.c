/* SPDX-License-Identifier: MIT
 *
 * verdict.c: what the guest left behind, compared with what it should be, and the numbers of the
 * run. The VMM does not see what the guest prints, since the UART is the guest's; so the script
 * leaves its answers in memory, where a wrong translation would show as well.
 */
#include "vmm.h"

static unsigned failure_count;

static void check(bool is_right, const char *claim) {
    console_print("  %s  %s\n", is_right ? "ok  " : "FAIL", claim);
    failure_count += is_right ? 0 : 1;
}

bool verdict_is_good(void) {
    return failure_count == 0;
}

/* ---- the answers ---- */

/** CRC-32 (that of zlib and of U-Boot) of one more byte; begins with ~0, and is ~ of the last. */
static uint32_t crc_step(uint32_t crc, uint8_t byte) {
    static uint32_t table[256];

    if (table[1] == 0) {
        for (uint32_t i = 0; i < 256; i++) {
            uint32_t remainder = i;
            for (unsigned bit = 0; bit < 8; bit++) {
                remainder = (remainder >> 1) ^ ((remainder & 1) != 0 ? UINT32_C(0xedb88320) : 0);
            }
            table[i] = remainder;
        }
    }
    return (crc >> 8) ^ table[(uint8_t)crc ^ byte];
}

/** The word that fills the page of a byte of the pattern: the page's address, in the pattern. */
static uint32_t pattern_word(uint64_t offset) {
    return (uint32_t)(GUEST_PATTERN.raw + offset - offset % FRAME_SIZE);
}

static uint32_t crc_of_pattern(void) {
    uint32_t crc = ~UINT32_C(0);

    for (uint64_t offset = 0; offset < GUEST_PATTERN_SIZE; offset++) {
        crc = crc_step(crc, (uint8_t)(pattern_word(offset) >> (8 * (offset % 4))));
    }
    return ~crc;
}

static uint32_t crc_of_zeros(uint64_t size) {
    uint32_t crc = ~UINT32_C(0);

    for (uint64_t i = 0; i < size; i++) {
        crc = crc_step(crc, 0);
    }
    return ~crc;
}

static uint32_t from_big_endian(const uint8_t bytes[4]) {
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static void check_crc(const uint8_t stored[4], uint32_t expected, const char *claim) {
    uint32_t found = from_big_endian(stored);

    if (found != expected) {
        console_print("        expected %08lx, the guest computed %08lx\n", (uint64_t)expected,
                      (uint64_t)found);
    }
    check(found == expected, claim);
}

/** Whether each word of an 8 MiB piece of guest memory is the pattern's, seen from the host. */
static bool holds_pattern(struct vmm *vmm, axaddr_gpa_t start) {
    static uint32_t words[FRAME_SIZE / sizeof(uint32_t)];

    for (uint64_t offset = 0; offset < GUEST_PATTERN_SIZE; offset += FRAME_SIZE) {
        if (!guest_read(vmm, axaddr_gpa_wrapping_add(start, offset), words, sizeof words)) {
            return false;
        }
        for (unsigned i = 0; i < sizeof words / sizeof words[0]; i++) {
            if (words[i] != pattern_word(offset)) {
                return false;
            }
        }
    }
    return true;
}

/* ---- the memory ---- */

/** What the pages of the guest's RAM are. */
struct ram_census {
    uint64_t page_count;   /**< populated pages */
    uint64_t wrong_count;  /**< those whose frame the pool has not given out, or that are shared */
    uint64_t same_count;   /**< those whose frame has their own address */
    uint64_t in_row_count; /**< those whose frame follows that of the page before */
};

static struct ram_census take_census(const struct vmm *vmm) {
    static bool is_used[FRAME_COUNT];
    struct ram_census census = {0, 0, 0, 0};
    uint64_t before = 0;

    for (uint64_t offset = 0; offset < GUEST_RAM_SIZE; offset += FRAME_SIZE) {
        axaddr_gpa_t gpa = axaddr_gpa_wrapping_add(GUEST_RAM, offset);
        axaddr_hpa_t hpa;

        if (vm_translate(&vmm->space, gpa, &hpa) != AXADDR_OK) {
            continue;
        }
        census.page_count++;
        census.same_count += hpa.raw == gpa.raw ? 1 : 0;
        census.in_row_count += hpa.raw == before + FRAME_SIZE ? 1 : 0;
        before = hpa.raw;
        if (!host_frame_is_taken(&vmm->host, hpa) || is_used[(hpa.raw - FRAME_POOL) / FRAME_SIZE]) {
            census.wrong_count++;
        } else {
            is_used[(hpa.raw - FRAME_POOL) / FRAME_SIZE] = true;
        }
    }
    return census;
}

static void check_memory(struct vmm *vmm) {
    struct ram_census census = take_census(vmm);
    struct axaddr_mapping uart;
    struct axaddr_stats stats;

    vm_stats(&vmm->space, &stats);
    check(census.wrong_count == 0 && census.same_count == 0 && census.in_row_count == 0,
          "each page of RAM has a frame of its own, scattered, at another address");
    check(vmm->host.taken_count == stats.table_count + census.page_count,
          "frames taken are tables and pages, no more");
    check(vmm->fault_count[AXADDR_FAULT_RESOLVED] + vmm->preset_count ==
              census.page_count + vmm->freed_count,
          "each populated page took one fault");
    check(stats.mapped_bytes == (census.page_count + 1) * FRAME_SIZE &&
              stats.mapped_bytes + stats.reserved_bytes == GUEST_RAM_SIZE + FRAME_SIZE,
          "the tables hold the pages that were populated; the rest is reserved");
    check(vm_query(&vmm->space, GUEST_UART, &uart) == AXADDR_OK && uart.hpa.raw == GUEST_UART.raw &&
              uart.size == FRAME_SIZE && uart.flags == (AXADDR_READ | AXADDR_WRITE | AXADDR_DEVICE),
          "the UART is passed through as a device that cannot be executed");
}

void verdict_of_guest(struct vmm *vmm) {
    struct guest_answers answers = {{0}, {0}, {0}, 0};
    uint32_t pattern_crc = crc_of_pattern();

    console_print("\nVerdict\n");
    check(vmm->boot_count == GUEST_BOOT_COUNT, "it rebooted once");
    check(guest_read(vmm, GUEST_ANSWERS, &answers, sizeof answers), "it left its answers");
    check_crc(answers.pattern_crc, pattern_crc, "CRC of the 8 MiB it wrote");
    check_crc(answers.copy_crc, pattern_crc, "CRC of its copy of them");
    check_crc(answers.zeros_crc, crc_of_zeros(GUEST_ZEROS_SIZE),
              "CRC of 1 MiB that only the boot before had written: zeros");
    check(answers.are_equal == GUEST_ARE_EQUAL, "it found both 8 MiB equal");
    check(holds_pattern(vmm, GUEST_PATTERN) && holds_pattern(vmm, GUEST_COPY),
          "the host finds the same words in the frames behind them");
    check_memory(vmm);
}

void verdict_of_ledger(const struct vmm *vmm) {
    if (vmm->host.taken_count != 0 || vmm->host.wrong_count != 0) {
        console_print("        %lu frames lost, %lu freed that were not taken\n",
                      vmm->host.taken_count, vmm->host.wrong_count);
    }
    check(vmm->host.taken_count == 0 && vmm->host.wrong_count == 0,
          "after destroy, the pool has every frame back, each once");
}

/* ---- the report ---- */

static void print_area(const struct axaddr_area *area) {
    char size[24];
    struct axaddr_text text;

    axaddr_text_init(&text, size, sizeof size);
    axaddr_text_size(&text, area->last - area->first + 1);
    console_print("  %010lx - %010lx  %6s  %-6s  %s%s%s%s", area->first, area->last, size,
                  axaddr_area_kind_name(area->kind), (area->flags & AXADDR_READ) != 0 ? "r" : "-",
                  (area->flags & AXADDR_WRITE) != 0 ? "w" : "-",
                  (area->flags & AXADDR_EXECUTE) != 0 ? "x" : "-",
                  (area->flags & AXADDR_DEVICE) != 0 ? " device" : "");
    if (area->kind == AXADDR_AREA_LINEAR) {
        console_print("  at host %010lx", area->hpa);
    }
    console_print("\n");
}

void report(const struct vmm *vmm) {
    struct axaddr_stats stats;
    struct axaddr_area area;
    uint64_t from = 0;

    vm_stats(&vmm->space, &stats);
    console_print("\nMemory map\n");
    while (vm_next_area(&vmm->space, axaddr_gpa(from), &area) == AXADDR_OK) {
        print_area(&area);
        from = area.last + 1;
    }
    console_print("\nThe run\n");
    for (unsigned result = 0; result <= AXADDR_FAULT_NO_MEMORY; result++) {
        console_print("  faults %-16s %6lu\n", axaddr_fault_name((enum axaddr_fault)result),
                      vmm->fault_count[result]);
    }
    console_print("    of fetches            %6lu\n", vmm->fetch_count);
    console_print("    of loads              %6lu\n", vmm->load_count);
    console_print("    of stores             %6lu\n", vmm->store_count);
    console_print("    within U-Boot's image %6lu\n", vmm->image_count);
    console_print("  pages set by the VMM    %6lu\n", vmm->preset_count);
    console_print("  pages freed by reboot   %6lu\n", vmm->freed_count);
    console_print("  pages mapped at the end %6lu\n", stats.leaf_count[0]);
    console_print("  frames used by tables   %6lu\n", stats.table_count);
    console_print("  frames taken at most    %6lu\n", vmm->host.most_taken);
    console_print("  flushes asked for       %6lu\n", vmm->host.flush_count);
    console_print("    of everything         %6lu\n", vmm->host.flush_full_count);
    console_print("  SBI calls               %6lu\n\n", vmm->sbi_count);
}
