/* SPDX-License-Identifier: MIT
 *
 * guest_x86.h: a machine for walks through an x86 guest's tables: a space with memory of every kind,
 * and a second walker, written from the manual's tables and lists in another way than
 * axaddr_arch/x86_guest.h: what each level is, and what is reserved there, is data, and who may do
 * what is the list of 4.6.1, sentence by sentence. gx_compare() walks with both.
 */
#ifndef AXADDR_TESTS_GUEST_X86_H
#define AXADDR_TESTS_GUEST_X86_H

#include "../axaddr.h"
#include "../axaddr_arch/x86_guest.h"
#include "host.h"

/* ---- two spaces: for one CPU, and for many ---- */

AXADDR_DEFINE_VM(gx_one, axaddr_x86_ept, host_hal);
AXADDR_DEFINE_VM(gx_many, axaddr_x86_ept, host_hal_shared);
AXADDR_DEFINE_GUEST_WALK(gx_one_x86, gx_one, axaddr_x86_guest);
AXADDR_DEFINE_GUEST_WALK(gx_many_x86, gx_many, axaddr_x86_guest);

#define GX_PAGE  UINT64_C(0x1000)
#define GX_SPACE (UINT64_C(1) << 41)
#define GX_RW    (AXADDR_READ | AXADDR_WRITE)
#define GX_RWX   (GX_RW | AXADDR_EXECUTE)

/* Guest-physical memory. */
#define GX_LARGE    UINT64_C(0)        /* 2 MiB in one leaf of the space */
#define GX_SMALL    UINT64_C(0x200000) /* 32 pages */
#define GX_LAZY     UINT64_C(0x300000) /* 16 pages, reserved */
#define GX_LAZY_RO  UINT64_C(0x310000) /* 8, reserved, to be read only */
#define GX_RO       UINT64_C(0x400000) /* 8 that are read and executed */
#define GX_DATA     UINT64_C(0x410000) /* 8 that are read and written */
#define GX_X_ONLY   UINT64_C(0x420000) /* 1 that is only executed */
#define GX_DEVICE   UINT64_C(0x500000) /* 4 of a device */
#define GX_UNCACHED UINT64_C(0x510000) /* 2 */
#define GX_TRAP     UINT64_C(0x600000) /* 4, trapped */
#define GX_HOLE     UINT64_C(0x700000)
#define GX_HIGH     UINT64_C(0x100000000) /* 16 */
#define GX_LAST     (GX_SPACE - GX_PAGE)  /* 1 */
#define GX_IO       UINT64_C(0xfe000000)  /* host-physical: no memory */

struct gx_world {
    struct host host;
    struct gx_one one;
    struct gx_many many;
    bool is_many;
};

#define GX_CALL(world, function, ...)                                                              \
    ((world)->is_many ? gx_many_##function(&(world)->many, __VA_ARGS__)                            \
                      : gx_one_##function(&(world)->one, __VA_ARGS__))

static struct gx_world gx;

static enum axaddr_walk_result gx_walk(const struct axaddr_x86_guest_regime *regime,
                                       uint64_t address, uint32_t access, uint32_t how,
                                       struct axaddr_guest_page *page) {
    return gx.is_many ? gx_many_x86_walk(&gx.many, regime, axaddr_gva(address), access, how, page)
                      : gx_one_x86_walk(&gx.one, regime, axaddr_gva(address), access, how, page);
}

/** Map frames of the host's one by one. */
static bool gx_map_frames(uint64_t gpa, unsigned count, uint32_t flags) {
    unsigned i;

    for (i = 0; i < count; i++) {
        uint64_t frame = host_donate(&gx.host);

        memset(host_peek(&gx.host, frame), 0, GX_PAGE);
        if (GX_CALL(&gx, map_linear, axaddr_gpa(gpa + i * GX_PAGE), axaddr_hpa(frame), GX_PAGE,
                    flags) != AXADDR_OK) {
            return false;
        }
    }
    return true;
}

static bool gx_begin(bool is_many) {
    axaddr_hpa_t block;
    unsigned i;

    memset(&gx, 0, sizeof gx);
    gx.is_many = is_many;
    host_init(&gx.host, 1600, HOST_BASE, HOST_SCATTERED);
    if ((is_many ? gx_many_init(&gx.many, &gx.host, axaddr_gpa(0), GX_SPACE)
                 : gx_one_init(&gx.one, &gx.host, axaddr_gpa(0), GX_SPACE)) != AXADDR_OK ||
        !host_alloc_block(&gx.host, 9, &block)) {
        return false;
    }
    for (i = 0; i < 512; i++) {
        memset(host_peek(&gx.host, block.raw + i * GX_PAGE), 0, GX_PAGE);
    }
    return GX_CALL(&gx, map_linear, axaddr_gpa(GX_LARGE), block, 512 * GX_PAGE, GX_RWX) ==
               AXADDR_OK &&
           gx_map_frames(GX_SMALL, 32, GX_RWX) &&
           GX_CALL(&gx, map_alloc, axaddr_gpa(GX_LAZY), 16 * GX_PAGE, GX_RWX, AXADDR_LAZY) ==
               AXADDR_OK &&
           GX_CALL(&gx, map_alloc, axaddr_gpa(GX_LAZY_RO), 8 * GX_PAGE, AXADDR_READ, AXADDR_LAZY) ==
               AXADDR_OK &&
           gx_map_frames(GX_RO, 8, AXADDR_READ | AXADDR_EXECUTE) &&
           gx_map_frames(GX_DATA, 8, GX_RW) && gx_map_frames(GX_X_ONLY, 1, AXADDR_EXECUTE) &&
           GX_CALL(&gx, map_linear, axaddr_gpa(GX_DEVICE), axaddr_hpa(GX_IO), 4 * GX_PAGE,
                   GX_RW | AXADDR_DEVICE) == AXADDR_OK &&
           gx_map_frames(GX_UNCACHED, 2, GX_RW | AXADDR_UNCACHED) &&
           GX_CALL(&gx, map_device, axaddr_gpa(GX_TRAP), 4 * GX_PAGE, 5) == AXADDR_OK &&
           gx_map_frames(GX_HIGH, 16, GX_RWX) && gx_map_frames(GX_LAST, 1, GX_RWX);
}

static void gx_end(void) {
    if (gx.is_many) {
        gx_many_destroy(&gx.many);
    } else {
        gx_one_destroy(&gx.one);
    }
    host_destroy(&gx.host);
}

/** The guest's memory as the host sees it; 0 where none is mapped. */
static uint8_t *gx_at(uint64_t gpa) {
    axaddr_hpa_t hpa;
    uint8_t *page;

    if (GX_CALL(&gx, translate, axaddr_gpa(gpa), &hpa) != AXADDR_OK) {
        return 0;
    }
    page = host_peek(&gx.host, hpa.raw & ~(GX_PAGE - 1));
    return page == 0 ? 0 : page + (hpa.raw & (GX_PAGE - 1));
}

static void gx_put(uint64_t gpa, uint64_t value, unsigned bytes) {
    uint8_t *at = gx_at(gpa);

    if (at != 0) {
        memcpy(at, &value, bytes);
    }
}

static uint64_t gx_get(uint64_t gpa, unsigned bytes) {
    const uint8_t *at = gx_at(gpa);
    uint64_t value = 0;

    if (at != 0) {
        memcpy(&value, at, bytes);
    }
    return value;
}

/* ---- what each level of each mode is: SDM vol. 3A, 4.3 to 4.5, figures 4-4, 4-7, 4-11 ---- */

struct gx_bits {
    uint8_t high, low; /* high 0: none */
};

struct gx_level {
    uint8_t index_high, index_low; /* bits of the address that choose the entry */
    uint8_t bytes;
    bool has_rights; /* R/W, U/S, A */
    char leaf;       /* 'n': never, 'a': always, 'p': PS, 's': PS if CR4.PSE, 'g': PS, 1G pages */
    bool is_ps_reserved;     /* PS must be 0, where it makes no leaf */
    struct gx_bits table[3]; /* reserved in an entry for a table; besides the address and NX */
    struct gx_bits page[3];  /* in one for a page */
};

enum gx_mode { GX_NONE, GX_32, GX_PAE, GX_LONG_4, GX_LONG_5, GX_MODES };

/* By mode and our level. */
static const struct gx_level gx_levels[GX_MODES][5] = {
    [GX_32] = {{21, 12, 4, true, 'a', false, {{0, 0}}, {{0, 0}}},
               {31, 22, 4, true, 's', false, {{0, 0}}, {{0, 0}}}},
    [GX_PAE] = {{20, 12, 8, true, 'a', false, {{0, 0}}, {{62, 52}}},
                {29, 21, 8, true, 'p', false, {{62, 52}}, {{62, 52}, {20, 13}}},
                {31, 30, 8, false, 'n', false, {{63, 52}, {8, 5}, {2, 1}}, {{0, 0}}}},
    [GX_LONG_4] = {{20, 12, 8, true, 'a', false, {{0, 0}}, {{0, 0}}},
                   {29, 21, 8, true, 'p', false, {{0, 0}}, {{20, 13}}},
                   {38, 30, 8, true, 'g', true, {{0, 0}}, {{29, 13}}},
                   {47, 39, 8, true, 'n', true, {{0, 0}}, {{0, 0}}}},
    [GX_LONG_5] = {{20, 12, 8, true, 'a', false, {{0, 0}}, {{0, 0}}},
                   {29, 21, 8, true, 'p', false, {{0, 0}}, {{20, 13}}},
                   {38, 30, 8, true, 'g', true, {{0, 0}}, {{29, 13}}},
                   {47, 39, 8, true, 'n', true, {{0, 0}}, {{0, 0}}},
                   {56, 48, 8, true, 'n', true, {{0, 0}}, {{0, 0}}}},
};
static const int gx_top[GX_MODES] = {-1, 1, 2, 3, 4};

static bool gx_bit(uint64_t value, unsigned bit) {
    return (value >> bit & 1) != 0;
}

static uint64_t gx_field(uint64_t value, unsigned high, unsigned low) {
    uint64_t field = 0;
    unsigned bit;

    for (bit = low; bit <= high; bit++) {
        field |= (uint64_t)gx_bit(value, bit) << (bit - low);
    }
    return field;
}

static enum gx_mode gx_mode_of(const struct axaddr_x86_guest_regime *regime) {
    if (!gx_bit(regime->cr0, 31)) {
        return GX_NONE;
    }
    if (!gx_bit(regime->cr4, 5)) {
        return GX_32;
    }
    if (!gx_bit(regime->efer, 8) && !gx_bit(regime->efer, 10)) {
        return GX_PAE;
    }
    return gx_bit(regime->cr4, 12) ? GX_LONG_5 : GX_LONG_4;
}

/* ---- the second walker ---- */

struct gx_expected {
    enum axaddr_walk_result result;
    enum axaddr_guest_fault_kind kind;
    uint32_t code;
    unsigned level;
    uint64_t gpa;
    uint64_t size;
    uint32_t flags;
    uint32_t access;
    bool is_table;
    enum axaddr_fault stage2;
    struct {
        uint64_t gpa;
        uint64_t value;
        unsigned bytes;
    } writes[5]; /* accessed and dirty bits */
    unsigned write_count;
};

/** An access and what has been found of its translation. */
struct gx_access {
    const struct axaddr_x86_guest_regime *regime;
    enum gx_mode mode;
    uint64_t address;
    uint32_t access;
    uint32_t how;
    bool is_user;   /* a user-mode access */
    bool user_page; /* U/S is 1 in every entry */
    bool writable;  /* R/W likewise */
    bool xd;        /* XD is 1 in some */
    uint64_t leaf;
    struct gx_expected *out;
};

/** What the space says of an access to guest-physical memory: true: it is permitted. */
static bool gx_stage2(struct gx_access *a, uint64_t gpa, uint32_t access, bool is_table,
                      struct axaddr_mapping *mapping) {
    enum axaddr_status status =
        gpa < GX_SPACE ? GX_CALL(&gx, query, axaddr_gpa(gpa), mapping) : AXADDR_INVALID;
    enum axaddr_fault fault = AXADDR_FAULT_UNMAPPED;

    if (status == AXADDR_OK) {
        bool is_device = is_table && (mapping->flags & AXADDR_DEVICE) != 0;
        if ((access & ~mapping->flags) == 0 && !is_device) {
            return true;
        }
        fault = AXADDR_FAULT_DENIED;
    } else if (status == AXADDR_NOT_MAPPED && mapping->kind == AXADDR_ABSENT_TRAPPED) {
        fault = AXADDR_FAULT_DEVICE;
    } else if (status == AXADDR_NOT_MAPPED && mapping->kind == AXADDR_ABSENT_RESERVED) {
        if ((access & ~mapping->flags) != 0) {
            fault = AXADDR_FAULT_DENIED;
        } else if ((a->how & AXADDR_ON_DEMAND) != 0) {
            mapping->size = GX_PAGE;
            return true;
        } else {
            fault = AXADDR_FAULT_RESOLVED;
        }
    }
    a->out->result = AXADDR_WALK_STAGE2;
    a->out->gpa = gpa;
    a->out->access = access;
    a->out->is_table = is_table;
    a->out->stage2 = fault;
    return false;
}

/* 4.6.2: whether a protection key permits a data access. */
static bool gx_key_permits(const struct gx_access *a, bool is_write) {
    const struct axaddr_x86_guest_regime *r = a->regime;
    uint32_t rights;
    unsigned key = (unsigned)gx_field(a->leaf, 62, 59);

    if (a->mode != GX_LONG_4 && a->mode != GX_LONG_5) {
        return true;
    }
    if (a->user_page ? !gx_bit(r->cr4, 22) : !gx_bit(r->cr4, 24)) {
        return true;
    }
    rights = a->user_page ? r->pkru : r->pkrs;
    if (gx_bit(rights, 2 * key)) {
        return false; /* AD */
    }
    if (is_write && gx_bit(rights, 2 * key + 1)) { /* WD */
        return !a->is_user && !gx_bit(r->cr0, 16);
    }
    return true;
}

/* 4.6.1, the three kinds of accesses. */
static bool gx_may_read(const struct gx_access *a) {
    const struct axaddr_x86_guest_regime *r = a->regime;

    if (!gx_key_permits(a, false)) {
        return false;
    }
    if (a->is_user) {
        return a->user_page;
    }
    if (!a->user_page || !gx_bit(r->cr4, 21)) {
        return true;
    }
    return gx_bit(r->rflags, 18) && !r->is_implicit;
}

static bool gx_may_write(const struct gx_access *a) {
    const struct axaddr_x86_guest_regime *r = a->regime;

    if (!gx_key_permits(a, true)) {
        return false;
    }
    if (a->is_user) {
        return a->user_page && a->writable;
    }
    if (gx_bit(r->cr0, 16) && !a->writable) {
        return false;
    }
    return !a->user_page || !gx_bit(r->cr4, 21) || (gx_bit(r->rflags, 18) && !r->is_implicit);
}

static bool gx_may_fetch(const struct gx_access *a) {
    bool has_xd = a->mode != GX_32 && gx_bit(a->regime->efer, 11);

    if (a->is_user && !a->user_page) {
        return false;
    }
    if (!a->is_user && a->user_page && gx_bit(a->regime->cr4, 20)) {
        return false;
    }
    return !has_xd || !a->xd;
}

static void gx_inject(struct gx_access *a, enum axaddr_guest_fault_kind kind, uint32_t code) {
    const struct axaddr_x86_guest_regime *r = a->regime;

    a->out->kind = kind;
    a->out->code = code;
    if (kind == AXADDR_GUEST_FAULT_RANGE) {
        return;
    }
    if ((a->access & AXADDR_WRITE) != 0) {
        a->out->code += 2;
    }
    if (a->is_user) {
        a->out->code += 4;
    }
    if ((a->access & AXADDR_EXECUTE) != 0 &&
        (gx_bit(r->cr4, 20) || (gx_bit(r->cr4, 5) && gx_bit(r->efer, 11)))) {
        a->out->code += 16;
    }
}

/** Whether an entry of 8 bytes has a reserved bit. */
static bool gx_is_reserved(const struct gx_access *a, const struct gx_level *level, uint64_t entry,
                           bool is_page) {
    const struct gx_bits *bits = is_page ? level->page : level->table;
    unsigned width = a->regime->physical_width;
    unsigned i;

    for (i = 0; i < 3; i++) {
        if (bits[i].high != 0 && gx_field(entry, bits[i].high, bits[i].low) != 0) {
            return true;
        }
    }
    if (width < 52 && gx_field(entry, 51, width) != 0) {
        return true;
    }
    return gx_bit(entry, 63) && (!gx_bit(a->regime->efer, 11) || !level->has_rights);
}

/** Table 4-4: the bits 21:13 of a PDE for 4 MiB that are reserved. */
static bool gx_is_reserved_4m(const struct gx_access *a, uint64_t entry) {
    unsigned m = a->regime->physical_width;

    m = m > 40 ? 40 : m;
    m = !a->regime->has_pse36 || m < 32 ? 32 : m;
    return gx_field(entry, 21, m - 19) != 0;
}

static bool gx_is_leaf(const struct gx_access *a, const struct gx_level *level, uint64_t entry) {
    switch (level->leaf) {
    case 'a':
        return true;
    case 'p':
        return gx_bit(entry, 7);
    case 's':
        return gx_bit(entry, 7) && gx_bit(a->regime->cr4, 4);
    case 'g':
        return gx_bit(entry, 7) && a->regime->has_1g_pages;
    default:
        return false;
    }
}

/** Set A, and of a leaf that is written D, in an entry at `gpa`. False: the space has stopped it. */
static bool gx_note(struct gx_access *a, uint64_t gpa, uint64_t entry, unsigned bytes,
                    bool is_dirty) {
    uint64_t noted = entry | 1u << 5 | (is_dirty ? 1u << 6 : 0);
    struct axaddr_mapping mapping;
    unsigned i = a->out->write_count;

    if ((a->how & AXADDR_SET_NOTES) == 0 || (a->access & GX_RWX) == 0 || noted == entry) {
        return true;
    }
    if (!gx_stage2(a, gpa, GX_RW, true, &mapping)) {
        return false;
    }
    a->out->writes[i].gpa = gpa;
    a->out->writes[i].value = noted;
    a->out->writes[i].bytes = bytes;
    a->out->write_count++;
    return true;
}

/** 4.9.2: the type that a leaf asks for. */
static uint32_t gx_type(const struct gx_access *a, unsigned pat_bit) {
    unsigned entry = (gx_bit(a->leaf, pat_bit) ? 4u : 0u) + (gx_bit(a->leaf, 4) ? 2u : 0u) +
                     (gx_bit(a->leaf, 3) ? 1u : 0u);

    switch (gx_field(a->regime->pat, 8 * entry + 2, 8 * entry)) {
    case 0:
        return AXADDR_DEVICE;
    case 1:
    case 7:
        return AXADDR_UNCACHED;
    default:
        return 0;
    }
}

/** The page itself. */
static void gx_final(struct gx_access *a, uint64_t gpa, uint64_t size, uint32_t flags) {
    struct axaddr_mapping mapping;

    a->out->gpa = gpa;
    if (gx_stage2(a, gpa, a->access & GX_RWX, false, &mapping)) {
        a->out->result = AXADDR_WALK_OK;
        a->out->size = size < mapping.size ? size : mapping.size;
        a->out->flags = flags & (mapping.flags | ~GX_RWX);
    }
}

static void gx_leaf(struct gx_access *a, unsigned level, uint64_t gpa, uint64_t entry,
                    uint64_t page, uint64_t size) {
    unsigned bytes = gx_levels[a->mode][level].bytes;
    bool is_data = (a->access & GX_RW) != 0;
    bool is_write = (a->access & AXADDR_WRITE) != 0;
    uint32_t flags = (gx_may_read(a) ? AXADDR_READ : 0) | (gx_may_write(a) ? AXADDR_WRITE : 0) |
                     (gx_may_fetch(a) ? AXADDR_EXECUTE : 0);

    if ((a->access & GX_RWX & ~flags) != 0) {
        bool by_key = is_data && !gx_key_permits(a, is_write);
        gx_inject(a, AXADDR_GUEST_FAULT_DENIED, by_key ? 0x21 : 1);
        return;
    }
    if (a->user_page) {
        flags |= AXADDR_USER;
    }
    flags |= gx_type(a, level == 0 ? 7 : 12);
    if (gx_note(a, gpa, entry, bytes, is_write)) {
        gx_final(a, page | (a->address & (size - 1)), size, flags);
    }
}

/** An entry, as it is after what the walk has set so far. Lazy memory reads 0. */
static uint64_t gx_read(const struct gx_access *a, uint64_t gpa, unsigned bytes) {
    unsigned i;

    for (i = a->out->write_count; i > 0; i--) {
        if (a->out->writes[i - 1].gpa == gpa) {
            return a->out->writes[i - 1].value;
        }
    }
    return gx_get(gpa, bytes);
}

/** One level after the other, by calling itself. `table`: where it is. */
static void gx_descend(struct gx_access *a, int level, uint64_t table, bool is_loaded) {
    const struct gx_level *what = &gx_levels[a->mode][level];
    uint64_t index = gx_field(a->address, what->index_high, what->index_low);
    uint64_t gpa = table + index * what->bytes;
    struct axaddr_mapping mapping;
    uint64_t entry;
    bool is_page;

    a->out->level = (unsigned)level;
    if (is_loaded) {
        entry = a->regime->pdptes[index];
    } else {
        if (!gx_stage2(a, gpa, AXADDR_READ, true, &mapping)) {
            gx_inject(a, AXADDR_GUEST_FAULT_TABLE, 0);
            return;
        }
        entry = gx_read(a, gpa, what->bytes);
    }
    if (!gx_bit(entry, 0)) {
        gx_inject(a, AXADDR_GUEST_FAULT_ABSENT, 0);
        return;
    }
    is_page = gx_is_leaf(a, what, entry);
    if (what->bytes == 4 ? is_page && level == 1 && gx_is_reserved_4m(a, entry)
                         : gx_is_reserved(a, what, entry, is_page) ||
                               (!is_page && what->is_ps_reserved && gx_bit(entry, 7))) {
        gx_inject(a, AXADDR_GUEST_FAULT_RESERVED, 9);
        return;
    }
    if (what->has_rights) {
        a->user_page = a->user_page && gx_bit(entry, 2);
        a->writable = a->writable && gx_bit(entry, 1);
        a->xd = a->xd || gx_bit(entry, 63);
    }
    if (is_page) {
        uint64_t size = UINT64_C(1) << what->index_low;
        uint64_t page = what->bytes == 8 ? gx_field(entry, 51, what->index_low) * size
                        : level == 0
                            ? gx_field(entry, 31, 12) << 12
                            : gx_field(entry, 31, 22) << 22 | gx_field(entry, 20, 13) << 32;

        a->leaf = entry;
        gx_leaf(a, (unsigned)level, gpa, entry, page, size);
    } else if (!what->has_rights || gx_note(a, gpa, entry, what->bytes, false)) {
        gx_descend(a, level - 1, gx_field(entry, what->bytes == 8 ? 51 : 31, 12) << 12, false);
        return;
    }
    if (a->out->result == AXADDR_WALK_STAGE2 && a->out->is_table) {
        gx_inject(a, AXADDR_GUEST_FAULT_TABLE, 0);
    }
}

/** What a walk comes to, without doing it. */
static void gx_expect(const struct axaddr_x86_guest_regime *regime, uint64_t address,
                      uint32_t access, uint32_t how, struct gx_expected *out) {
    struct gx_access a;
    uint64_t root;

    memset(&a, 0, sizeof a);
    memset(out, 0, sizeof *out);
    a.regime = regime;
    a.mode = gx_mode_of(regime);
    a.address = address;
    a.access = access;
    a.how = how;
    a.is_user = (access & AXADDR_USER) != 0 && !regime->is_implicit;
    a.user_page = true;
    a.writable = true;
    a.out = out;
    out->result = AXADDR_WALK_INJECT;
    if (a.mode == GX_LONG_4 || a.mode == GX_LONG_5) {
        unsigned top = a.mode == GX_LONG_4 ? 47 : 56;
        uint64_t upper = gx_field(address, 63, top);

        root = gx_field(regime->cr3, 51, 12) << 12;
        if (upper != 0 && upper != gx_field(~UINT64_C(0), 63, top)) {
            gx_inject(&a, AXADDR_GUEST_FAULT_RANGE, 0);
            return;
        }
        if (regime->physical_width < 52 && gx_field(root, 51, regime->physical_width) != 0) {
            out->level = (unsigned)gx_top[a.mode];
            gx_inject(&a, AXADDR_GUEST_FAULT_ADDRESS_SIZE, 9);
            return;
        }
    } else if (gx_field(address, 63, 32) != 0) {
        gx_inject(&a, AXADDR_GUEST_FAULT_RANGE, 0);
        return;
    } else if (a.mode == GX_NONE) {
        gx_final(&a, address, UINT64_C(1) << 32, GX_RWX | AXADDR_USER);
        return;
    } else {
        root = a.mode == GX_PAE ? gx_field(regime->cr3, 31, 5) << 5
                                : gx_field(regime->cr3, 31, 12) << 12;
    }
    gx_descend(&a, gx_top[a.mode], root, a.mode == GX_PAE && regime->has_pdptes);
}

/* ---- both ---- */

static char gx_message[200];

#define GX_SAME(what, expected)                                                                    \
    do {                                                                                           \
        if ((uint64_t)(what) != (uint64_t)(expected)) {                                            \
            snprintf(gx_message, sizeof gx_message, "%s is 0x%" PRIx64 ", expected 0x%" PRIx64,    \
                     #what, (uint64_t)(what), (uint64_t)(expected));                               \
            return false;                                                                          \
        }                                                                                          \
    } while (0)

/** Walk with both walkers: false, and gx_message, if they differ. */
static bool gx_compare(const struct axaddr_x86_guest_regime *regime, uint64_t address,
                       uint32_t access, uint32_t how, struct gx_expected *e) {
    enum axaddr_walk_result result;
    struct axaddr_guest_page page;
    unsigned i;

    memset(&page, 0x5a, sizeof page);
    gx_expect(regime, address, access, how, e);
    result = gx_walk(regime, address, access, how, &page);
    GX_SAME(result, e->result);
    GX_SAME(page.level, e->level);
    if (result == AXADDR_WALK_OK) {
        axaddr_hpa_t hpa = axaddr_hpa(1);

        (void)!GX_CALL(&gx, translate, page.gpa, &hpa);
        GX_SAME(page.gpa.raw, e->gpa);
        GX_SAME(page.hpa.raw, hpa.raw);
        GX_SAME(page.size, e->size);
        GX_SAME(page.flags, e->flags);
    } else if (result == AXADDR_WALK_STAGE2) {
        GX_SAME(page.gpa.raw, e->gpa);
        GX_SAME(page.access, e->access);
        GX_SAME(page.is_table, e->is_table);
        GX_SAME(page.stage2, e->stage2);
    }
    if (result == AXADDR_WALK_INJECT || (result == AXADDR_WALK_STAGE2 && page.is_table)) {
        GX_SAME(page.fault.kind, e->kind);
        GX_SAME(page.fault.code, e->code);
    }
    for (i = 0; i < e->write_count; i++) {
        uint64_t noted = gx_get(e->writes[i].gpa, e->writes[i].bytes);
        unsigned j = i + 1;

        while (j < e->write_count && e->writes[j].gpa != e->writes[i].gpa) {
            j++;
        }
        if (j == e->write_count) { /* the last one there */
            GX_SAME(noted, e->writes[i].value);
        }
    }
    if (host_error(&gx.host)[0] != '\0') {
        snprintf(gx_message, sizeof gx_message, "%s", host_error(&gx.host));
        return false;
    }
    return true;
}

/* ---- random tables ---- */

/** Pages that guests' tables are in: the first GX_WIDE have entries of 8 bytes, the others of 4. */
#define GX_WIDE 14u
static const uint64_t gx_pool[] = {
    GX_LARGE + 0x3000,
    GX_LARGE + 0x4000,
    GX_LARGE + 0x5000,
    GX_LARGE + 0x1ff000,
    GX_SMALL,
    GX_SMALL + 0x1000,
    GX_SMALL + 0x2000,
    GX_SMALL + 0x1f000,
    GX_RO,
    GX_RO + 0x7000,
    GX_DATA,
    GX_UNCACHED,
    GX_HIGH,
    GX_LAST,
    GX_LARGE + 0x8000,
    GX_LARGE + 0x9000,
    GX_SMALL + 0x8000,
    GX_SMALL + 0x9000,
    GX_RO + 0x1000,
    GX_DATA + 0x1000,
    GX_UNCACHED + 0x1000,
};
#define GX_POOL (sizeof gx_pool / sizeof gx_pool[0])

static const uint64_t gx_targets[] = {
    GX_HOLE, GX_LAZY,     GX_LAZY + 0xf000, GX_LAZY_RO,          GX_DEVICE,
    GX_TRAP, GX_SPACE,    GX_X_ONLY,        GX_HIGH + 0xf000,    UINT64_C(1) << 45,
    GX_RO,   GX_DATA,     GX_SMALL,         GX_LARGE + 0x10000,  UINT64_C(0xffffffffff000),
    GX_LAST, GX_UNCACHED, GX_LAZY + 0x3000, GX_LAZY_RO + 0x1000, UINT64_C(1) << 50,
};
static const uint64_t gx_bases[] = {
    0, 0x200000, 0x400000, 0x600000, GX_HIGH, GX_SPACE / 2, UINT64_C(0x40000000)};
#define GX_PICK(array, random) array[(random) % (sizeof(array) / sizeof(array)[0])]

/** Where random bits come from: a generator, or a fuzzer's bytes and zeros after them. */
struct gx_source {
    uint64_t state;
    const uint8_t *data;
    size_t size;
};

static uint64_t gx_random(struct gx_source *from) {
    uint64_t value = 0;

    if (from->data != 0) {
        size_t count = from->size < 4 ? from->size : 4;

        memcpy(&value, from->data, count);
        from->data += count;
        from->size -= count;
        return value;
    }
    from->state = from->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return from->state >> 32;
}

/** 0 to count - 1, which is up to 256: one byte of a fuzzer's. */
static unsigned gx_choose(struct gx_source *from, unsigned count) {
    if (from->data == 0) {
        return (unsigned)(gx_random(from) % count);
    }
    if (from->size == 0) {
        return 0;
    }
    from->size--;
    return *from->data++ % count;
}

static bool gx_chance(struct gx_source *from, unsigned percent) {
    return gx_choose(from, 100) < percent;
}

/** An entry of 8 or 4 bytes: mostly one that leads on. */
static uint64_t gx_entry(struct gx_source *from, bool is_wide) {
    uint64_t entry = 0;
    uint64_t choice = gx_random(from);
    bool is_large = gx_chance(from, 12);

    if (choice % 4 != 0) {
        entry = is_wide ? gx_pool[choice / 4 % GX_WIDE]
                        : gx_pool[GX_WIDE + choice / 4 % (GX_POOL - GX_WIDE)];
    } else {
        entry = GX_PICK(gx_targets, choice / 4);
    }
    if (is_large && choice / 256 % 8 != 0) {
        entry = GX_PICK(gx_bases, choice / 4);
    }
    entry |= is_large ? 0x80 : 0;
    entry |= gx_chance(from, 95) ? 1 : 0;
    entry |= gx_chance(from, 80) ? 2 : 0;
    entry |= gx_chance(from, 75) ? 4 : 0;
    choice = gx_random(from);
    entry |= (choice & 0x60) | ((choice >> 8) % 4 == 0 ? choice & 0x18 : 0);
    entry |= choice >> 12 & 0xe00; /* ignored */
    if (is_wide) {
        entry |= (choice >> 20 & 3) == 0 ? gx_random(from) % 16 << 59 : 0;
        entry |= (choice >> 22 & 7) == 0 ? UINT64_C(1) << 63 : 0;
        entry |= (choice >> 25 & 15) == 0 ? UINT64_C(1) << (gx_random(from) % 52) : 0;
        entry |= (choice >> 29 & 7) == 0 ? UINT64_C(1) << (52 + gx_random(from) % 7) : 0;
        return entry;
    }
    /* PSE-36: bits 39:32 in 20:13 */
    entry = (entry & 0xffffffff) | (is_large ? (entry >> 32 & 0x1ff) << 13 : 0);
    entry |= (choice >> 25 & 15) == 0 ? UINT64_C(1) << (gx_random(from) % 32) : 0;
    return entry & 0xffffffff;
}

/** Fill the entries that random addresses lead to, of all pages of the pool. */
AXADDR_UNUSED static void gx_fill(struct gx_source *from) {
    unsigned page;
    unsigned i;

    for (page = 0; page < GX_POOL; page++) {
        unsigned bytes = page < GX_WIDE ? 8 : 4;
        unsigned last = (unsigned)GX_PAGE / bytes - 1;

        for (i = 0; i < 8; i++) {
            unsigned index = i < 4 ? i : i < 6 ? last / 2 + i - 4 : last + i - 7;
            gx_put(gx_pool[page] + index * bytes, gx_entry(from, bytes == 8), bytes);
        }
    }
}

/** A part of an address that chooses one of these entries. */
static uint64_t gx_index(struct gx_source *from, unsigned bits) {
    uint64_t last = axaddr_low_bits(bits);
    uint64_t i = gx_choose(from, 8);

    return i < 4 ? i & last : i < 6 ? last / 2 + i - 4 : last + i - 7;
}

static uint64_t gx_address(struct gx_source *from, enum gx_mode mode) {
    uint64_t address = gx_random(from) & 0xfff;
    int level;

    for (level = 0; level <= gx_top[mode]; level++) {
        const struct gx_level *what = &gx_levels[mode][level];
        unsigned bits = what->index_high - what->index_low + 1u;
        address |= gx_index(from, bits) << what->index_low;
    }
    if (mode == GX_NONE) {
        address |= GX_PICK(gx_targets, gx_random(from)) & 0xffffffff;
    } else if (mode == GX_LONG_4 && (address >> 47 & 1) != 0) {
        address |= ~UINT64_C(0) << 48;
    } else if (mode == GX_LONG_5 && (address >> 56 & 1) != 0) {
        address |= ~UINT64_C(0) << 57;
    }
    return gx_chance(from, 3) ? address ^ UINT64_C(1) << (32 + gx_random(from) % 32) : address;
}

/** Registers of a mode, but that a fuzzer may choose any. */
static void gx_registers(struct gx_source *from, struct axaddr_x86_guest_regime *regime) {
    static const uint8_t widths[] = {46, 52, 40, 36, 48, 32};
    enum gx_mode mode = (enum gx_mode)(gx_random(from) % (GX_MODES * 4) / 4);
    uint64_t bits = gx_random(from);

    memset(regime, 0, sizeof *regime);
    regime->cr0 = (mode != GX_NONE || (bits & 7) == 0 ? UINT64_C(1) << 31 : 0) | (bits & 0x10001);
    regime->cr4 = gx_random(from) & UINT64_C(0x1700090); /* PKS, PKE, SMAP, SMEP, PGE, PSE */
    regime->cr4 |= mode >= GX_PAE ? 0x20 : 0;
    regime->cr4 |= mode == GX_LONG_5 ? 0x1000 : 0;
    regime->efer = (mode >= GX_LONG_4 ? 0x500 : 0) | (bits >> 1 & 0x800);
    regime->efer ^= (bits >> 13 & 31) == 0 ? 0x100 : 0; /* one of LME, LMA alone */
    regime->rflags = bits >> 1 & 0x40000;
    regime->pat =
        gx_chance(from, 50) ? AXADDR_X86_PAT_RESET : UINT64_C(0x0100050406070106) ^ (bits & 0x0707);
    regime->pkru = (uint32_t)(gx_random(from) & gx_random(from));
    regime->pkrs = (uint32_t)(gx_random(from) & gx_random(from));
    regime->physical_width = GX_PICK(widths, gx_random(from));
    regime->has_1g_pages = (bits >> 20 & 3) != 0;
    regime->has_pse36 = (bits >> 22 & 3) != 0;
    regime->has_pdptes = (bits >> 24 & 1) != 0;
    regime->is_implicit = (bits >> 25 & 7) == 0;
    regime->cr3 = mode == GX_32 ? gx_pool[GX_WIDE + gx_random(from) % (GX_POOL - GX_WIDE)]
                                : gx_pool[gx_random(from) % GX_WIDE];
    if (gx_chance(from, 4)) {
        regime->cr3 = GX_PICK(gx_targets, gx_random(from));
    }
    regime->cr3 |= gx_random(from) & (mode == GX_PAE ? 0xfff : 0x1f); /* PCID; a PDPT anywhere */
    regime->cr3 |= (bits >> 28 & 7) == 0 ? UINT64_C(3) << 61 : 0;     /* LAM */
    for (bits = 0; bits < 4; bits++) {
        regime->pdptes[bits] = gx_entry(from, true) & ~(gx_chance(from, 85) ? 0x1e6u : 0u);
        regime->pdptes[bits] &= gx_chance(from, 85) ? (UINT64_C(1) << 52) - 1 : ~UINT64_C(0);
    }
}

/** PAE's roots in memory have entries of their own kind: take what would be reserved in them. */
AXADDR_UNUSED static void gx_clean_pdpt(struct gx_source *from,
                                        const struct axaddr_x86_guest_regime *regime) {
    uint64_t root = regime->cr3 & 0xffffffe0;
    unsigned i;

    for (i = 0; i < 4 && gx_mode_of(regime) == GX_PAE && gx_chance(from, 90); i++) {
        uint64_t entry = gx_get(root + 8 * i, 8);
        if (entry == 0) {
            entry = gx_entry(from, true);
        }
        gx_put(root + 8 * i, entry & UINT64_C(0x000ffffffffffe19), 8);
    }
}

static const uint32_t gx_accesses[] = {
    AXADDR_READ, AXADDR_WRITE, AXADDR_EXECUTE, GX_RW, AXADDR_READ | AXADDR_EXECUTE, 0};

/** A walk to an address, by bits of any kind. */
static bool gx_any_access(uint64_t bits, const struct axaddr_x86_guest_regime *regime,
                          uint64_t address, struct gx_expected *expected) {
    uint32_t access = GX_PICK(gx_accesses, bits >> 3) | ((bits & 1) != 0 ? AXADDR_USER : 0);
    uint32_t how = ((bits >> 1 & 1) != 0 ? AXADDR_SET_NOTES : 0) |
                   ((bits >> 8 & 7) == 0 ? AXADDR_ON_DEMAND : 0);

    return gx_compare(regime, address, access, how, expected);
}

/** One of a test's generator. */
AXADDR_UNUSED static bool gx_any_walk(struct gx_source *from,
                                      const struct axaddr_x86_guest_regime *regime,
                                      struct gx_expected *expected) {
    uint64_t bits = gx_random(from);

    return gx_any_access(bits, regime, gx_address(from, gx_mode_of(regime)), expected);
}

/* ---- an input of a fuzzer ---- */

#define GX_ROUNDS 24u

/** The worlds of other inputs: they take long to be made. And the entries that an input wrote. */
static struct gx_world gx_kept[2];
static uint64_t gx_written[GX_ROUNDS * 5];
static unsigned gx_written_count;

/** Every input meets the same: a world with nothing populated and no entries. */
static bool gx_begin_input(bool is_many) {
    gx_written_count = 0;
    if (gx_kept[is_many].host.memory == 0) {
        return gx_begin(is_many);
    }
    gx = gx_kept[is_many]; /* to where it was made */
    host_begin(&gx.host);
    return GX_CALL(&gx, unmap, axaddr_gpa(GX_LAZY), 24 * GX_PAGE) == AXADDR_OK &&
           GX_CALL(&gx, map_alloc, axaddr_gpa(GX_LAZY), 16 * GX_PAGE, GX_RWX, AXADDR_LAZY) ==
               AXADDR_OK &&
           GX_CALL(&gx, map_alloc, axaddr_gpa(GX_LAZY_RO), 8 * GX_PAGE, AXADDR_READ, AXADDR_LAZY) ==
               AXADDR_OK;
}

/** Walks store to entries that were there, so these are all that is not zero any more. */
static void gx_end_input(void) {
    while (gx_written_count > 0) {
        gx_put(gx_written[--gx_written_count] & ~UINT64_C(7), 0, 8);
    }
    gx_kept[gx.is_many] = gx;
}

/** After the last one. */
AXADDR_UNUSED static void gx_end_inputs(void) {
    unsigned i;

    for (i = 0; i < 2; i++) {
        if (gx_kept[i].host.memory != 0) {
            gx = gx_kept[i];
            gx_end();
            memset(&gx_kept[i], 0, sizeof gx_kept[i]);
        }
    }
}

/** Write entries on the way of an address: as far as they are memory, and lead on. */
static void gx_build(struct gx_source *from, const struct axaddr_x86_guest_regime *regime,
                     uint64_t address) {
    enum gx_mode mode = gx_mode_of(regime);
    bool has_pdptes = mode == GX_PAE && regime->has_pdptes;
    uint64_t table = mode == GX_PAE  ? regime->cr3 & 0xffffffe0
                     : mode == GX_32 ? regime->cr3 & 0xfffff000
                                     : regime->cr3 & UINT64_C(0xffffffffff000);
    int level;

    for (level = gx_top[mode]; level >= 0; level--) {
        const struct gx_level *what = &gx_levels[mode][level];
        uint64_t index = gx_field(address, what->index_high, what->index_low);
        uint64_t entry = 0;

        if (has_pdptes && level == 2) {
            entry = regime->pdptes[index];
        } else if (gx_at(table + index * what->bytes) == 0) {
            return;
        } else {
            entry = gx_entry(from, what->bytes == 8);
            if (mode == GX_PAE && level == 2 && gx_chance(from, 90)) {
                entry &= UINT64_C(0x000ffffffffffe19); /* its kind has more that is reserved */
            }
            gx_put(table + index * what->bytes, entry, what->bytes);
            gx_written[gx_written_count++] = table + index * what->bytes;
        }
        if (!gx_bit(entry, 0) || (gx_bit(entry, 7) && level < 3)) {
            return;
        }
        table = entry & (what->bytes == 8 ? UINT64_C(0xffffffffff000) : UINT64_C(0xfffff000));
    }
}

/**
 * A fuzzer's bytes are registers, and then addresses, entries on the way there and accesses. What
 * the walkers do not agree on aborts.
 */
AXADDR_UNUSED static void guest_x86_fuzz(const uint8_t *data, size_t size) {
    struct axaddr_x86_guest_regime regime;
    struct gx_expected expected;
    struct gx_source from = {0, data, size};
    bool is_good = size > 0 && gx_begin_input(gx_choose(&from, 2) != 0);
    uint64_t address = 0;
    unsigned i;

    for (i = 0; is_good && i < GX_ROUNDS && from.size > 0; i++) {
        unsigned what = gx_choose(&from, 256);

        if (i == 0 || what >= 224) {
            gx_registers(&from, &regime);
        }
        if (i == 0 || what % 4 != 0) { /* else the same address once more */
            address = gx_address(&from, gx_mode_of(&regime));
        }
        if (what % 4 > 1) {
            gx_build(&from, &regime, address);
        }
        is_good = gx_any_access(gx_random(&from), &regime, address, &expected);
    }
    if (size > 0 && !is_good) {
        printf("guest_x86: %s\n", gx_message);
        abort();
    }
    if (size > 0) {
        gx_end_input();
    }
}

#endif /* AXADDR_TESTS_GUEST_X86_H */
