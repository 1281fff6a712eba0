/* SPDX-License-Identifier: MIT
 *
 * test_table.c: bare page tables, over every format: what they own and what they do not, and the
 * exact number of frames that a map will take (pair.h compares it with what each pair_map_linear
 * takes; the long sequences of test_random.c run over tables as well).
 */
#include "fixture.h"

/** Tables for `size` bytes of pages in an empty table, from an aligned address on. */
static uint64_t tables_for_pages(uint64_t size) {
    uint64_t count = 0;
    unsigned level;
    for (level = 1; level < format->level_count; level++) {
        uint64_t span = UINT64_C(1) << format->shift[level];
        count += (size + span - 1) / span;
    }
    return count;
}

static void forecast_without_memory(void) {
    uint64_t size = reach / 4 < UINT64_C(1) << 39 ? reach / 4 : UINT64_C(1) << 39;
    uint64_t cuts[] = {0, 2 * size};
    uint64_t count = 0;
    uint32_t used;

    begin_cuts(cuts, 2);
    GO_ON();
    used = host.used_count;
    CHECK_EQ(kind->tables_needed(pair.space, 0, PAGE, size, RW, &count), AXADDR_OK);
    CHECK_EQ(count, tables_for_pages(size));
    CHECK_EQ(kind->tables_needed(pair.space, size, 0, large, RW, &count), AXADDR_OK);
    CHECK_EQ(count, format->level_count - 2u);
    CHECK_EQ(kind->tables_needed(pair.space, size, 0, large, RW | AXADDR_SMALL, &count), AXADDR_OK);
    CHECK_EQ(count, format->level_count - 1u);
    CHECK_EQ(host.used_count, used);
    end();
}

static void forecast_counts_what_is_missing(void) {
    uint64_t at;
    begin_window(WINDOW_WIDE);
    GO_ON();
    at = pair.model.start + window_unit(format, 2);
    /* Each map finds some tables there and lacks others; pair.h compares the numbers. */
    OK(pair_map_linear(&pair, at - 2 * PAGE, 0, PAGE, RW));
    OK(pair_map_linear(&pair, at - PAGE, 0, 2 * PAGE, RW));
    OK(pair_map_linear(&pair, at + PAGE, PAGE, large, RW));
    OK(pair_map_linear(&pair, at - large - PAGE, 0, large - PAGE, RW));
    OK(pair_map_linear(&pair, at - 2 * large, 8 * large, large - PAGE, RW));
    OK(pair_map_linear(&pair, at + 2 * large, 0, large, RW));
    FAILS(EXISTS, pair_map_linear(&pair, at - 3 * PAGE, 0, 4 * PAGE, RW));
    FAILS(EXISTS, pair_map_linear(&pair, at + large, 0, 2 * large, RW));
    FAILS(INVALID, pair_map_linear(&pair, at + 1, 0, PAGE, RW));
    FAILS(INVALID, pair_map_linear(&pair, at, 0, 0, RW));
    FAILS(INVALID, pair_map_linear(&pair, at, 0, PAGE, 0));
    FAILS(UNSUPPORTED,
          pair_map_linear(&pair, at, 0, PAGE, AXADDR_DEVICE | AXADDR_READ | AXADDR_EXECUTE));
    end();
}

static void destroy_keeps_what_is_mapped(void) {
    axaddr_hpa_t frames[2];
    frames[0] = axaddr_hpa(host_donate(&host));
    frames[1] = axaddr_hpa(host_donate(&host));
    begin_pages(home(), 64);
    GO_ON();
    OK(pair_map_frames(&pair, home(), frames, 2, RW));
    OK(pair_unmap(&pair, home(), PAGE));
    CHECK(host_used_frame(&host, frames[0].raw) != 0);
    OK(pair_map_linear(&pair, home() + 9 * PAGE, frames[0].raw, PAGE, RW));
    end(); /* checks that just the two are left */
}

static void operations_refuse(void) {
    uint64_t at = home();
    begin_pages(at, 64);
    GO_ON();
    OK(pair_map_linear(&pair, at, 0, 8 * PAGE, RW));
    FAILS(EXISTS, pair_map_linear(&pair, at + 7 * PAGE, 0, 2 * PAGE, RW));
    FAILS(NOT_MAPPED, pair_protect(&pair, at, 9 * PAGE, AXADDR_READ));
    FAILS(NOT_MAPPED, pair_protect(&pair, at + 20 * PAGE, PAGE, AXADDR_READ));
    FAILS(INVALID, pair_protect(&pair, at, 8 * PAGE, AXADDR_DEVICE));
    FAILS(INVALID, pair_unmap(&pair, at - PAGE, PAGE));
    FAILS(INVALID, pair_unmap(&pair, at, 0));
    FAILS(INVALID, pair_unmap(&pair, at, 65 * PAGE));
    OK(pair_unmap(&pair, at, 64 * PAGE));
    CHECK_EQ(stats_now().table_count, UINT64_C(1) << format->root_order);
    end();
}

static void last_page_of_the_table(void) {
    static uint64_t cuts[WINDOW_CUT_MAX];
    begin_cuts(cuts, window_cut(cuts, format, WINDOW_END, 64));
    GO_ON();
    OK(pair_map_linear(&pair, cuts[60], 0, 4 * PAGE, RW));
    OK(pair_protect(&pair, cuts[63], PAGE, AXADDR_READ));
    OK(pair_unmap(&pair, cuts[62], 2 * PAGE));
    FAILS(INVALID, pair_unmap(&pair, cuts[63], 2 * PAGE));
    end();
}

int main(void) {
    EACH_TABLE(forecast_without_memory);
    EACH_TABLE(forecast_counts_what_is_missing);
    EACH_TABLE(destroy_keeps_what_is_mapped);
    EACH_TABLE(operations_refuse);
    EACH_TABLE(last_page_of_the_table);
    return check_report("test_table");
}
