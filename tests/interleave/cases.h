/* SPDX-License-Identifier: MIT
 *
 * cases.h: the scenarios. Thread A's script, B's, C's; each is made of calls that may interleave in
 * any order. REFUSED(n): the allocations of the nth thread fail, one after the other. Addresses:
 * PAGE(n) pages from the start, UNIT(n) entries of level 1, TOP(n) entries of the root.
 */
#ifndef AXADDR_TESTS_INTERLEAVE_CASES_H
#define AXADDR_TESTS_INTERLEAVE_CASES_H

#include "scenario.h"

OPS_DEFINE(toy_vm, toy)
OPS_DEFINE(toy32_vm, toy32)
OPS_DEFINE(ept_vm, axaddr_x86_ept)
OPS_DEFINE(arm_vm, axaddr_aarch64_stage2_40)
OPS_DEFINE(riscv_vm, axaddr_riscv_sv39x4)

static const struct ops *const formats[] = {&toy_vm_ops, &toy32_vm_ops, &ept_vm_ops, &arm_vm_ops,
                                            &riscv_vm_ops};

/** The grid at the end is for so many of them. */
#define GRID_FORMAT_COUNT 4

/** Allocations that are refused one by one where a scenario says so: more than any call makes. */
#define REFUSED_MAX 4

/* clang-format off */

#define PAGE(n)       {0, 0, n}
#define UNIT(n)       {0, n, 0}
#define TOP(n)        {n, 0, 0}
#define UNIT_PAGE(u, n) {0, u, n}

#define R   AXADDR_READ
#define RW  (AXADDR_READ | AXADDR_WRITE)
#define RWU (AXADDR_READ | AXADDR_WRITE | AXADDR_UNCACHED)

#define FAULT(at, access)       {CALL_FAULT, at, PAGE(1), access, 0}
#define TRANSLATE(at)           {CALL_TRANSLATE, at, PAGE(1), 0, 0}
#define QUERY(at)               {CALL_QUERY, at, PAGE(1), 0, 0}
#define ACCESS(at, access)      {CALL_ACCESS, at, PAGE(1), access, 0}
#define LAZY(at, size)          {CALL_MAP_LAZY, at, size, RW, 0}
#define LAZY_AS(at, size, flags) {CALL_MAP_LAZY, at, size, flags, 0}
#define POPULATE(at, size)      {CALL_MAP_POPULATE, at, size, RW, 0}
#define LINEAR(at, size)        {CALL_MAP_LINEAR, at, size, RW, 0}
#define DEVICE(at, size)        {CALL_MAP_DEVICE, at, size, 7, 0}
/* Over what is there. */
#define LAZY_OVER(at, size)     {CALL_MAP_LAZY, at, size, RW | AXADDR_REPLACE, 0}
#define POPULATE_OVER(at, size) {CALL_MAP_POPULATE, at, size, RW | AXADDR_REPLACE, 0}
#define LINEAR_OVER(at, size)   {CALL_MAP_LINEAR, at, size, RW | AXADDR_REPLACE, 0}
#define BACKED_OVER(at, size)   {CALL_MAP_BACKED, at, size, RW | AXADDR_REPLACE, 0}
#define LAZY_OVER_STEP(at, size, budget) {CALL_MAP_LAZY, at, size, RW | AXADDR_REPLACE, budget}
#define UNMAP(at, size)         {CALL_UNMAP, at, size, 0, 0}
#define PROTECT(at, size, flags) {CALL_PROTECT, at, size, flags, 0}
#define BACKED(at, size)        {CALL_MAP_BACKED, at, size, RW, 0}
#define SPLIT(at, size)         {CALL_SPLIT, at, size, 0, 0}
#define COLLAPSE(at, size)      {CALL_COLLAPSE, at, size, 0, 0}
#define HARVEST(at, size)       {CALL_HARVEST, at, size, 0, 0}
#define STATS                   {CALL_STATS, PAGE(0), PAGE(0), 0, 0}
#define FIND(at)                {CALL_FIND_AREA, at, PAGE(1), 0, 0}
#define NEXT(at)                {CALL_NEXT_AREA, at, PAGE(1), 0, 0}
#define FAULT_POOL(at, access)  {CALL_FAULT_POOL, at, PAGE(1), access, 0}
#define COUNT(at, size)         {CALL_COUNT, at, size, 0, 0}
/* One edit in steps of so many entries: they go on from one another, and the REST does what is left. */
#define REST                    CALL_REST
#define UNMAP_STEP(at, size, budget) {CALL_UNMAP, at, size, 0, budget}
#define PROTECT_STEP(at, size, flags, budget) {CALL_PROTECT, at, size, flags, budget}
#define SPLIT_STEP(at, size, budget) {CALL_SPLIT, at, size, 0, budget}
#define HARVEST_STEP(at, size, budget) {CALL_HARVEST, at, size, 0, budget}
#define COLLAPSE_STEP(at, size, budget) {CALL_COLLAPSE, at, size, 0, budget}
#define LAZY_STEP(at, size, budget) {CALL_MAP_LAZY, at, size, RW, budget}
#define POPULATE_STEP(at, size, budget) {CALL_MAP_POPULATE, at, size, RW, budget}

#define SETUP(...) .setup = {__VA_ARGS__}
#define RUN(...)   .scripts = {__VA_ARGS__}
#define REFUSED(n) .refused = n
#define RECYCLING  .is_recycling = true
#define REPLACING  .is_replacing = true
#define A(...)     {__VA_ARGS__}
#define B(...)     {__VA_ARGS__}
#define C(...)     {__VA_ARGS__}

/* The usual first states: reserved at level 0, at level 1, in the root. */
#define PAGES LAZY(PAGE(0), PAGE(4))
#define UNITS LAZY(UNIT(0), UNIT(2))
#define ALL   LAZY(TOP(0), TOP(1))
/* Pages that are the zero frame until they are written, and faults that take whole units. */
#define ZERO  LAZY_AS(PAGE(0), PAGE(4), RW | AXADDR_ZERO_PAGE)
#define LARGE LAZY_AS(UNIT(0), UNIT(2), RW | AXADDR_LARGE)
/* Small pages that make a unit. */
#define SPLIT_UNIT LINEAR(UNIT(0), UNIT(1)), SPLIT(UNIT(0), UNIT(1))

static const struct scenario scenarios[] = {
    /* ---- faults beside faults ---- */
    {.name = "fault_fault", SETUP(PAGES), RUN(A(FAULT(PAGE(0), R)), B(FAULT(PAGE(0), RW)))},
    {.name = "fault_fault_unit", SETUP(UNITS), RUN(A(FAULT(PAGE(0), R)), B(FAULT(PAGE(0), RW)))},
    {.name = "fault_fault_top", SETUP(ALL), RUN(A(FAULT(PAGE(0), R)), B(FAULT(PAGE(0), RW)))},
    {.name = "fault_two_pages", SETUP(PAGES), RUN(A(FAULT(PAGE(0), R)), B(FAULT(PAGE(1), R)))},
    {.name = "fault_two_pages_unit", SETUP(UNITS), RUN(A(FAULT(PAGE(0), R)), B(FAULT(PAGE(1), R)))},
    {.name = "fault_two_pages_top", SETUP(ALL), RUN(A(FAULT(PAGE(0), R)), B(FAULT(PAGE(1), R)))},
    {.name = "fault_two_units_top", SETUP(ALL), RUN(A(FAULT(PAGE(0), R)), B(FAULT(UNIT(1), R)))},
    {.name = "three_faults", SETUP(PAGES),
     RUN(A(FAULT(PAGE(0), R)), B(FAULT(PAGE(0), R)), C(FAULT(PAGE(0), R)))},
    {.name = "three_faults_unit", SETUP(UNITS),
     RUN(A(FAULT(PAGE(0), R)), B(FAULT(PAGE(0), R)), C(FAULT(PAGE(1), R)))},
    {.name = "three_faults_top", SETUP(ALL),
     RUN(A(FAULT(PAGE(0), R)), B(FAULT(PAGE(1), R)), C(FAULT(UNIT(1), R)))},
    {.name = "faults_in_turn", SETUP(UNITS),
     RUN(A(FAULT(PAGE(0), R), FAULT(PAGE(1), R)), B(FAULT(PAGE(1), R), FAULT(PAGE(0), R)))},
    {.name = "three_faults_page_unit", SETUP(UNITS),
     RUN(A(FAULT(PAGE(0), R)), B(FAULT(PAGE(0), RW)), C(FAULT(PAGE(0), R)))},
    {.name = "three_faults_pages_unit", SETUP(UNITS),
     RUN(A(FAULT(PAGE(0), R)), B(FAULT(PAGE(1), R)), C(FAULT(PAGE(2), R)))},
    {.name = "three_faults_page_top", SETUP(ALL),
     RUN(A(FAULT(PAGE(0), R)), B(FAULT(PAGE(0), R)), C(FAULT(PAGE(0), RW)))},
    {.name = "faults_from_pools", SETUP(ALL),
     RUN(A(FAULT_POOL(PAGE(0), R)), B(FAULT_POOL(PAGE(1), R)), C(FAULT(PAGE(0), R)))},

    /* ---- a fault, a look and an access beside a map that replaces ---- */
    {.name = "fault_replace_lazy_page", REPLACING, SETUP(PAGES),
     RUN(A(FAULT(PAGE(0), R)), B(LAZY_OVER(PAGE(0), PAGE(1))))},
    {.name = "fault_replace_mapped_page", REPLACING, SETUP(PAGES, FAULT(PAGE(0), R)),
     RUN(A(FAULT(PAGE(0), R)), B(LAZY_OVER(PAGE(0), PAGE(1))))},
    {.name = "fault_replace_by_linear", REPLACING, SETUP(PAGES, FAULT(PAGE(1), R)),
     RUN(A(FAULT(PAGE(0), R)), B(LINEAR_OVER(PAGE(0), PAGE(2))))},
    {.name = "fault_replace_by_populate", REPLACING, SETUP(PAGES),
     RUN(A(FAULT(PAGE(0), R)), B(POPULATE_OVER(PAGE(0), PAGE(2))))},
    {.name = "fault_replace_by_backed", REPLACING, SETUP(PAGES),
     RUN(A(FAULT(PAGE(0), R)), B(BACKED_OVER(PAGE(0), PAGE(1))))},
    {.name = "fault_replace_backed", REPLACING, SETUP(BACKED(PAGE(0), PAGE(2)), FAULT(PAGE(1), R)),
     RUN(A(FAULT(PAGE(0), R)), B(LAZY_OVER(PAGE(0), PAGE(2))))},
    {.name = "fault_replace_in_unit", REPLACING, SETUP(UNITS),
     RUN(A(FAULT(PAGE(0), R)), B(LAZY_OVER(PAGE(0), PAGE(1))))},
    {.name = "fault_replace_beside_in_unit", REPLACING, SETUP(UNITS),
     RUN(A(FAULT(PAGE(0), R)), B(LINEAR_OVER(PAGE(1), PAGE(1))))},
    {.name = "fault_replace_unit", REPLACING, SETUP(UNITS, FAULT(PAGE(1), R)),
     RUN(A(FAULT(PAGE(0), R)), B(LAZY_OVER(UNIT(0), UNIT(1))))},
    {.name = "fault_replace_unit_by_linear", REPLACING, SETUP(UNITS, FAULT(PAGE(1), R)),
     RUN(A(FAULT(PAGE(0), R)), B(LINEAR_OVER(UNIT(0), UNIT(1))))},
    {.name = "fault_replace_top", REPLACING, SETUP(ALL, FAULT(PAGE(0), R)),
     RUN(A(FAULT(PAGE(0), R)), B(LAZY_OVER(TOP(0), TOP(1))))},
    {.name = "fault_replace_in_large", REPLACING, SETUP(LINEAR(UNIT(0), UNIT(1))),
     RUN(A(FAULT(PAGE(1), R)), B(LAZY_OVER(PAGE(1), PAGE(1))))},
    {.name = "fault_replace_steps", REPLACING, SETUP(PAGES, FAULT(PAGE(1), R)),
     RUN(A(FAULT(PAGE(1), R)), B(LAZY_OVER_STEP(PAGE(0), PAGE(4), 2),
                                 LAZY_OVER_STEP(PAGE(0), PAGE(4), REST)))},
    {.name = "fault_replace_refused", REPLACING, REFUSED(2), SETUP(UNITS, FAULT(PAGE(1), R)),
     RUN(A(FAULT(PAGE(0), R)), B(LAZY_OVER(PAGE(0), PAGE(2))))},
    {.name = "fault_replace_recycling", REPLACING, RECYCLING, SETUP(PAGES, FAULT(PAGE(0), R)),
     RUN(A(FAULT(PAGE(0), RW)), B(POPULATE_OVER(PAGE(0), PAGE(1))))},
    {.name = "fault_fault_replace", REPLACING, SETUP(PAGES),
     RUN(A(FAULT(PAGE(0), R)), B(FAULT(PAGE(0), R)), C(LINEAR_OVER(PAGE(0), PAGE(1))))},
    {.name = "fault_replace_replace", REPLACING, SETUP(PAGES),
     RUN(A(FAULT(PAGE(0), R)), B(LINEAR_OVER(PAGE(0), PAGE(1))), C(LAZY_OVER(PAGE(0), PAGE(1))))},
    {.name = "translate_replace", REPLACING, SETUP(PAGES, FAULT(PAGE(0), R)),
     RUN(A(TRANSLATE(PAGE(0))), B(LINEAR_OVER(PAGE(0), PAGE(2))))},
    {.name = "query_replace_unit", REPLACING, SETUP(UNITS, FAULT(PAGE(0), R)),
     RUN(A(QUERY(PAGE(0))), B(LINEAR_OVER(UNIT(0), UNIT(1))))},
    {.name = "access_replace", REPLACING, SETUP(PAGES, FAULT(PAGE(0), RW)),
     RUN(A(ACCESS(PAGE(0), RW)), B(POPULATE_OVER(PAGE(0), PAGE(2))))},

    /* ---- a fault beside an unmap ---- */
    {.name = "fault_unmap_page", SETUP(PAGES),
     RUN(A(FAULT(PAGE(0), R)), B(UNMAP(PAGE(0), PAGE(1))))},
    {.name = "fault_unmap_page_unit", SETUP(UNITS),
     RUN(A(FAULT(PAGE(0), R)), B(UNMAP(PAGE(0), PAGE(1))))},
    {.name = "fault_unmap_page_top", SETUP(ALL),
     RUN(A(FAULT(PAGE(0), R)), B(UNMAP(PAGE(0), PAGE(1))))},
    {.name = "fault_unmap_mapped", SETUP(PAGES, FAULT(PAGE(0), R)),
     RUN(A(FAULT(PAGE(0), R)), B(UNMAP(PAGE(0), PAGE(1))))},
    {.name = "fault_unmap_area", SETUP(PAGES),
     RUN(A(FAULT(PAGE(0), R)), B(UNMAP(PAGE(0), PAGE(4))))},
    {.name = "fault_unmap_area_unit", SETUP(UNITS),
     RUN(A(FAULT(PAGE(0), R)), B(UNMAP(UNIT(0), UNIT(2))))},
    {.name = "fault_unmap_area_top", SETUP(ALL),
     RUN(A(FAULT(PAGE(0), R)), B(UNMAP(TOP(0), TOP(1))))},
    {.name = "fault_unmap_area_used", SETUP(PAGES, FAULT(PAGE(1), R)),
     RUN(A(FAULT(PAGE(0), R)), B(UNMAP(PAGE(0), PAGE(4))))},
    {.name = "fault_unmap_neighbour", SETUP(PAGES),
     RUN(A(FAULT(PAGE(0), R)), B(UNMAP(PAGE(1), PAGE(1))))},
    {.name = "fault_unmap_neighbour_unit", SETUP(UNITS),
     RUN(A(FAULT(PAGE(0), R)), B(UNMAP(PAGE(3), PAGE(1))))},
    {.name = "fault_unmap_neighbour_top", SETUP(ALL),
     RUN(A(FAULT(PAGE(0), R)), B(UNMAP(UNIT(1), UNIT(1))))},
    {.name = "fault_unmap_across_units", SETUP(UNITS),
     RUN(A(FAULT(UNIT_PAGE(1, 0), R)), B(UNMAP(UNIT_PAGE(1, -1), PAGE(2))))},
    {.name = "fault_unmap_table", SETUP(UNITS, FAULT(PAGE(1), R)),
     RUN(A(FAULT(PAGE(0), R)), B(UNMAP(UNIT(0), UNIT(1))))},
    {.name = "fault_unmap_last_pages", SETUP(PAGES, FAULT(PAGE(3), R)),
     RUN(A(FAULT(PAGE(3), R)), B(UNMAP(PAGE(0), PAGE(4))))},
    {.name = "fault_unmap_tables", SETUP(UNITS, FAULT(PAGE(1), R), FAULT(UNIT(1), R)),
     RUN(A(FAULT(PAGE(0), R)), B(UNMAP(TOP(0), TOP(1))))},
    {.name = "fault_unmap_twice", SETUP(UNITS, FAULT(PAGE(1), R)),
     RUN(A(FAULT(PAGE(0), R)), B(UNMAP(PAGE(0), PAGE(1)), UNMAP(UNIT(0), UNIT(1))))},
    {.name = "fault_from_pool_unmap", SETUP(ALL),
     RUN(A(FAULT_POOL(PAGE(0), R)), B(UNMAP(PAGE(0), PAGE(1))))},
    {.name = "fault_from_pool_unmap_table", SETUP(UNITS, FAULT(PAGE(1), R)),
     RUN(A(FAULT_POOL(PAGE(0), R)), B(UNMAP(UNIT(0), UNIT(1))))},
    {.name = "fault_in_turn_unmap", SETUP(UNITS),
     RUN(A(FAULT(PAGE(0), R), FAULT(PAGE(1), R)), B(UNMAP(UNIT(0), UNIT(1))))},
    {.name = "device_unmap", SETUP(DEVICE(UNIT(0), UNIT(1))),
     RUN(A(FAULT(PAGE(1), R)), B(UNMAP(PAGE(0), PAGE(1))))},

    /* ---- a fault beside a protect ---- */
    {.name = "fault_protect_wider", SETUP(LAZY_AS(PAGE(0), PAGE(4), R)),
     RUN(A(FAULT(PAGE(0), RW)), B(PROTECT(PAGE(0), PAGE(1), RW)))},
    {.name = "fault_protect_narrower", SETUP(PAGES),
     RUN(A(FAULT(PAGE(0), RW)), B(PROTECT(PAGE(0), PAGE(2), R)))},
    {.name = "fault_protect_type", SETUP(PAGES),
     RUN(A(FAULT(PAGE(0), RW)), B(PROTECT(PAGE(0), PAGE(4), RWU)))},
    {.name = "fault_protect_wider_unit", SETUP(LAZY_AS(UNIT(0), UNIT(2), R)),
     RUN(A(FAULT(PAGE(0), RW)), B(PROTECT(PAGE(0), PAGE(1), RW)))},
    {.name = "fault_protect_narrower_unit", SETUP(UNITS),
     RUN(A(FAULT(PAGE(0), RW)), B(PROTECT(UNIT(0), UNIT(1), R)))},
    {.name = "fault_protect_narrower_top", SETUP(ALL),
     RUN(A(FAULT(PAGE(0), RW)), B(PROTECT(TOP(0), TOP(1), R)))},
    {.name = "fault_protect_split_top", SETUP(ALL),
     RUN(A(FAULT(PAGE(0), RW)), B(PROTECT(PAGE(0), PAGE(1), R)))},
    {.name = "fault_protect_neighbour", SETUP(UNITS),
     RUN(A(FAULT(PAGE(0), RW)), B(PROTECT(PAGE(1), PAGE(1), R)))},
    {.name = "fault_protect_mapped", SETUP(PAGES, FAULT(PAGE(0), R)),
     RUN(A(FAULT(PAGE(0), RW)), B(PROTECT(PAGE(0), PAGE(4), R)))},
    {.name = "fault_protect_mapped_type", SETUP(PAGES, FAULT(PAGE(0), R)),
     RUN(A(FAULT(PAGE(0), RW)), B(PROTECT(PAGE(0), PAGE(1), RWU)))},
    {.name = "fault_protect_there_and_back", SETUP(PAGES),
     RUN(A(FAULT(PAGE(0), RW)), B(PROTECT(PAGE(0), PAGE(1), R), PROTECT(PAGE(0), PAGE(1), RW)))},
    {.name = "fault_protect_there_and_back_unit", SETUP(UNITS),
     RUN(A(FAULT(PAGE(0), RW)), B(PROTECT(UNIT(0), UNIT(1), R), PROTECT(UNIT(0), UNIT(1), RW)))},
    {.name = "fault_from_pool_protect", SETUP(UNITS),
     RUN(A(FAULT_POOL(PAGE(0), RW)), B(PROTECT(PAGE(0), PAGE(2), R)))},

    /* ---- a fault beside a map ---- */
    {.name = "fault_map_lazy", SETUP(PAGES), RUN(A(FAULT(PAGE(0), R)), B(LAZY(PAGE(4), PAGE(2))))},
    {.name = "fault_map_there", RUN(A(FAULT(PAGE(0), R)), B(LAZY(PAGE(0), PAGE(2))))},
    {.name = "fault_map_there_unit", RUN(A(FAULT(PAGE(0), R)), B(LAZY(UNIT(0), UNIT(1))))},
    {.name = "fault_map_populate", SETUP(PAGES),
     RUN(A(FAULT(PAGE(3), R)), B(POPULATE(PAGE(4), PAGE(2))))},
    {.name = "fault_map_linear", SETUP(UNITS),
     RUN(A(FAULT(UNIT_PAGE(2, -1), R)), B(LINEAR(UNIT(2), UNIT(1))))},
    {.name = "fault_map_device", SETUP(PAGES),
     RUN(A(FAULT(PAGE(4), R)), B(DEVICE(PAGE(4), PAGE(1))))},
    {.name = "fault_map_exists", SETUP(UNITS),
     RUN(A(FAULT(PAGE(0), R)), B(LINEAR(UNIT_PAGE(2, -1), PAGE(2))))},
    {.name = "fault_map_again", SETUP(PAGES),
     RUN(A(FAULT(PAGE(0), R)), B(UNMAP(PAGE(0), PAGE(4)), PAGES))},
    {.name = "fault_map_other", SETUP(PAGES),
     RUN(A(FAULT(PAGE(0), R)), B(UNMAP(PAGE(0), PAGE(4)), LINEAR(PAGE(0), PAGE(4))))},

    /* ---- two faults beside an edit ---- */
    {.name = "faults_unmap", SETUP(PAGES),
     RUN(A(FAULT(PAGE(0), R)), B(FAULT(PAGE(0), R)), C(UNMAP(PAGE(0), PAGE(1))))},
    {.name = "faults_unmap_two", SETUP(PAGES),
     RUN(A(FAULT(PAGE(0), R)), B(FAULT(PAGE(1), R)), C(UNMAP(PAGE(0), PAGE(4))))},
    {.name = "faults_unmap_unit", SETUP(UNITS),
     RUN(A(FAULT(PAGE(0), R)), B(FAULT(PAGE(1), R)), C(UNMAP(UNIT(0), UNIT(1))))},
    {.name = "faults_unmap_split", SETUP(UNITS),
     RUN(A(FAULT(PAGE(0), R)), B(FAULT(PAGE(1), R)), C(UNMAP(PAGE(0), PAGE(1))))},
    {.name = "faults_unmap_table", SETUP(UNITS, FAULT(PAGE(2), R)),
     RUN(A(FAULT(PAGE(0), R)), B(FAULT(PAGE(1), R)), C(UNMAP(UNIT(0), UNIT(1))))},
    {.name = "faults_unmap_new_tables", SETUP(ALL),
     RUN(A(FAULT(PAGE(0), R)), B(FAULT(UNIT(1), R)), C(UNMAP(TOP(0), TOP(1))))},
    {.name = "faults_unmap_tables", SETUP(ALL, FAULT(PAGE(2), R)),
     RUN(A(FAULT(PAGE(0), R)), B(FAULT(UNIT(1), R)), C(UNMAP(TOP(0), TOP(1))))},
    {.name = "faults_unmap_across", SETUP(UNITS),
     RUN(A(FAULT(UNIT_PAGE(1, -1), R)), B(FAULT(UNIT(1), R)), C(UNMAP(UNIT_PAGE(1, -1), PAGE(2))))},
    {.name = "faults_protect", SETUP(UNITS),
     RUN(A(FAULT(PAGE(0), RW)), B(FAULT(PAGE(1), R)), C(PROTECT(PAGE(0), PAGE(2), R)))},
    {.name = "faults_map", SETUP(PAGES),
     RUN(A(FAULT(PAGE(3), R)), B(FAULT(PAGE(4), R)), C(LAZY(PAGE(4), PAGE(2))))},

    /* ---- looking beside an edit ---- */
    {.name = "look_fault", SETUP(UNITS),
     RUN(A(QUERY(PAGE(0))), B(TRANSLATE(PAGE(0))), C(FAULT(PAGE(0), R)))},
    {.name = "look_unmap", SETUP(PAGES, FAULT(PAGE(0), R)),
     RUN(A(QUERY(PAGE(0))), B(TRANSLATE(PAGE(0))), C(UNMAP(PAGE(0), PAGE(1))))},
    {.name = "look_unmap_table", SETUP(UNITS, FAULT(PAGE(0), R)),
     RUN(A(QUERY(PAGE(0))), B(TRANSLATE(PAGE(0))), C(UNMAP(UNIT(0), UNIT(1))))},
    {.name = "look_unmap_all", SETUP(PAGES, FAULT(PAGE(0), R)),
     RUN(A(QUERY(PAGE(0))), B(TRANSLATE(PAGE(0))), C(UNMAP(TOP(0), TOP(1))))},
    {.name = "look_unmap_pages", SETUP(POPULATE(PAGE(0), PAGE(3))),
     RUN(A(QUERY(PAGE(0))), B(TRANSLATE(PAGE(2))), C(UNMAP(PAGE(0), PAGE(3))))},
    {.name = "look_unmap_linear", SETUP(LINEAR(UNIT(0), UNIT(2))),
     RUN(A(QUERY(PAGE(0))), B(TRANSLATE(PAGE(1))), C(UNMAP(PAGE(1), PAGE(1))))},
    {.name = "look_unmap_reserved", SETUP(UNITS),
     RUN(A(QUERY(PAGE(0))), B(TRANSLATE(PAGE(1))), C(UNMAP(PAGE(1), PAGE(1))))},
    {.name = "look_protect", SETUP(PAGES, FAULT(PAGE(0), R)),
     RUN(A(QUERY(PAGE(0))), B(QUERY(PAGE(1))), C(PROTECT(PAGE(0), PAGE(2), R)))},
    {.name = "look_protect_linear", SETUP(LINEAR(UNIT(0), UNIT(2))),
     RUN(A(QUERY(PAGE(0))), B(TRANSLATE(PAGE(1))), C(PROTECT(PAGE(0), PAGE(1), R)))},
    {.name = "look_protect_type", SETUP(LINEAR(UNIT(0), UNIT(1))),
     RUN(A(QUERY(PAGE(0))), B(TRANSLATE(PAGE(0))), C(PROTECT(UNIT(0), UNIT(1), RWU)))},
    {.name = "look_fault_protect_type", SETUP(PAGES, FAULT(PAGE(0), R)),
     RUN(A(QUERY(PAGE(0))), B(FAULT(PAGE(0), RW)), C(PROTECT(PAGE(0), PAGE(2), RWU)))},
    {.name = "look_fault_protect_split", SETUP(LINEAR(UNIT(0), UNIT(1))),
     RUN(A(TRANSLATE(PAGE(1))), B(FAULT(PAGE(0), RW)), C(PROTECT(PAGE(0), PAGE(1), RWU)))},
    {.name = "look_map",
     RUN(A(QUERY(PAGE(0))), B(TRANSLATE(PAGE(1))), C(LINEAR(PAGE(0), PAGE(2))))},
    {.name = "look_map_lazy",
     RUN(A(QUERY(PAGE(0))), B(TRANSLATE(UNIT(1))), C(LAZY(PAGE(0), UNIT_PAGE(1, 1))))},
    {.name = "look_map_populate",
     RUN(A(QUERY(PAGE(0))), B(TRANSLATE(PAGE(1))), C(POPULATE(PAGE(0), PAGE(2))))},
    {.name = "look_device", SETUP(DEVICE(UNIT(0), UNIT(1))),
     RUN(A(QUERY(PAGE(0))), B(TRANSLATE(PAGE(1))), C(UNMAP(PAGE(1), PAGE(1))))},
    {.name = "look_fault_unmap", SETUP(UNITS, FAULT(PAGE(1), R)),
     RUN(A(QUERY(PAGE(0))), B(FAULT(PAGE(0), R)), C(UNMAP(UNIT(0), UNIT(1))))},
    {.name = "look_twice", SETUP(UNITS, FAULT(PAGE(0), R)),
     RUN(A(TRANSLATE(PAGE(0)), QUERY(PAGE(0))), B(UNMAP(PAGE(0), PAGE(1))))},

    /* ---- edits beside edits ---- */
    {.name = "unmap_unmap", SETUP(POPULATE(PAGE(0), PAGE(2))),
     RUN(A(UNMAP(PAGE(0), PAGE(1))), B(UNMAP(PAGE(0), PAGE(2))))},
    {.name = "unmap_unmap_unit", SETUP(UNITS),
     RUN(A(UNMAP(PAGE(0), PAGE(1))), B(UNMAP(PAGE(1), PAGE(1))))},
    {.name = "protect_unmap", SETUP(POPULATE(PAGE(0), PAGE(2))),
     RUN(A(PROTECT(PAGE(0), PAGE(1), R)), B(UNMAP(PAGE(0), PAGE(2))))},
    {.name = "protect_unmap_unit", SETUP(UNITS),
     RUN(A(PROTECT(PAGE(0), PAGE(2), R)), B(UNMAP(PAGE(1), PAGE(1))))},
    {.name = "protect_protect", SETUP(LINEAR(UNIT(0), UNIT(1))),
     RUN(A(PROTECT(PAGE(0), PAGE(2), R)), B(PROTECT(PAGE(1), PAGE(1), RWU)))},
    {.name = "map_map", RUN(A(LAZY(PAGE(0), PAGE(2))), B(LINEAR(PAGE(1), PAGE(2))))},
    {.name = "map_unmap", SETUP(PAGES),
     RUN(A(LINEAR(PAGE(3), PAGE(2))), B(UNMAP(PAGE(0), PAGE(4))))},
    {.name = "map_protect", RUN(A(POPULATE(PAGE(0), PAGE(2))), B(PROTECT(PAGE(0), PAGE(2), R)))},
    {.name = "unmap_unmap_fault", SETUP(UNITS),
     RUN(A(FAULT(PAGE(1), R)), B(UNMAP(PAGE(0), PAGE(1))), C(UNMAP(PAGE(2), PAGE(1))))},
    {.name = "protect_unmap_fault", SETUP(PAGES),
     RUN(A(FAULT(PAGE(0), RW)), B(PROTECT(PAGE(0), PAGE(1), R)), C(UNMAP(PAGE(0), PAGE(2))))},

    /* ---- counting and areas beside edits and faults ---- */
    {.name = "stats_fault_unmap", SETUP(UNITS),
     RUN(A(STATS), B(FAULT(PAGE(0), R)), C(UNMAP(PAGE(1), PAGE(1))))},
    {.name = "stats_unmap_table", SETUP(UNITS, FAULT(PAGE(0), R)),
     RUN(A(STATS), B(UNMAP(UNIT(0), UNIT(1))))},
    {.name = "areas_unmap", SETUP(UNITS),
     RUN(A(FIND(PAGE(0))), B(NEXT(PAGE(0))), C(UNMAP(PAGE(0), PAGE(1))))},
    {.name = "areas_protect", SETUP(PAGES),
     RUN(A(FIND(PAGE(0))), B(STATS), C(PROTECT(PAGE(0), PAGE(1), R)))},
    {.name = "count_fault_unmap", SETUP(UNITS),
     RUN(A(COUNT(PAGE(0), PAGE(1))), B(FAULT(PAGE(0), R)), C(UNMAP(UNIT(0), UNIT(1))))},

    /* ---- a guest's accesses: its notes are kept, and no table goes away under its walk ---- */
    {.name = "access_fault", SETUP(UNITS),
     RUN(A(ACCESS(PAGE(0), R)), B(FAULT(PAGE(0), R)), C(ACCESS(PAGE(0), RW)))},
    {.name = "access_protect", SETUP(POPULATE(PAGE(0), PAGE(2))),
     RUN(A(ACCESS(PAGE(0), RW)), B(ACCESS(PAGE(1), R)), C(PROTECT(PAGE(0), PAGE(2), R)))},
    {.name = "access_protect_type", SETUP(POPULATE(PAGE(0), PAGE(2))),
     RUN(A(ACCESS(PAGE(0), RW)), B(PROTECT(PAGE(0), PAGE(2), RWU)))},
    {.name = "access_protect_split", SETUP(LINEAR(UNIT(0), UNIT(1))),
     RUN(A(ACCESS(PAGE(0), RW)), B(ACCESS(PAGE(1), R)), C(PROTECT(PAGE(0), PAGE(1), R)))},
    {.name = "access_unmap", SETUP(POPULATE(PAGE(0), PAGE(2))),
     RUN(A(ACCESS(PAGE(0), RW)), B(ACCESS(PAGE(1), R)), C(UNMAP(PAGE(0), PAGE(1))))},
    {.name = "access_unmap_split", SETUP(LINEAR(UNIT(0), UNIT(1))),
     RUN(A(ACCESS(PAGE(0), RW)), B(ACCESS(PAGE(1), RW)), C(UNMAP(PAGE(1), PAGE(1))))},
    {.name = "access_unmap_table", SETUP(POPULATE(PAGE(0), PAGE(2))),
     RUN(A(ACCESS(PAGE(0), RW)), B(ACCESS(PAGE(1), R)), C(UNMAP(UNIT(0), UNIT(1))))},
    {.name = "access_unmap_gap", SETUP(POPULATE(PAGE(0), PAGE(1)), POPULATE(PAGE(2), PAGE(1))),
     RUN(A(ACCESS(PAGE(0), RW)), B(ACCESS(PAGE(2), R)), C(UNMAP(PAGE(0), PAGE(3))))},
    {.name = "access_fault_unmap", SETUP(PAGES),
     RUN(A(ACCESS(PAGE(0), RW)), B(FAULT(PAGE(0), RW)), C(UNMAP(PAGE(0), PAGE(4))))},

    /* ---- the zero frame, and frames that the HAL supplies: a write gets another frame ---- */
    {.name = "zero_faults", SETUP(ZERO), RUN(A(FAULT(PAGE(0), R)), B(FAULT(PAGE(0), RW)))},
    {.name = "zero_writes", SETUP(ZERO, FAULT(PAGE(0), R)),
     RUN(A(FAULT(PAGE(0), RW)), B(FAULT(PAGE(0), RW)), C(FAULT(PAGE(0), R)))},
    {.name = "zero_unmap", SETUP(ZERO, FAULT(PAGE(0), R)),
     RUN(A(FAULT(PAGE(0), RW)), B(FAULT(PAGE(1), R)), C(UNMAP(PAGE(0), PAGE(4))))},
    {.name = "zero_unmap_page", SETUP(ZERO, FAULT(PAGE(0), R)),
     RUN(A(FAULT(PAGE(0), RW)), B(UNMAP(PAGE(0), PAGE(1))))},
    {.name = "zero_unmap_and_map", SETUP(ZERO, FAULT(PAGE(0), R)),
     RUN(A(FAULT(PAGE(0), RW)), B(UNMAP(PAGE(0), PAGE(4)), PAGES))},
    {.name = "zero_unmap_and_map_linear", SETUP(ZERO, FAULT(PAGE(0), R)),
     RUN(A(FAULT(PAGE(0), RW)), B(UNMAP(PAGE(0), PAGE(4)), LINEAR(PAGE(0), PAGE(1))))},
    {.name = "zero_protect", SETUP(ZERO, FAULT(PAGE(0), R)),
     RUN(A(FAULT(PAGE(0), RW)), B(PROTECT(PAGE(0), PAGE(4), R)))},
    {.name = "zero_protect_type", SETUP(ZERO, FAULT(PAGE(0), R)),
     RUN(A(FAULT(PAGE(0), RW)), B(FAULT(PAGE(1), R)), C(PROTECT(PAGE(0), PAGE(4), RWU)))},
    {.name = "zero_protect_there_and_back", SETUP(ZERO, FAULT(PAGE(0), R)),
     RUN(A(FAULT(PAGE(0), RW)), B(PROTECT(PAGE(0), PAGE(1), R), PROTECT(PAGE(0), PAGE(1), RW)))},
    {.name = "zero_look", SETUP(ZERO, FAULT(PAGE(0), R)),
     RUN(A(QUERY(PAGE(0))), B(TRANSLATE(PAGE(0))), C(FAULT(PAGE(0), RW)))},
    {.name = "zero_access", SETUP(ZERO, FAULT(PAGE(0), R)),
     RUN(A(ACCESS(PAGE(0), R)), B(FAULT(PAGE(0), RW)), C(ACCESS(PAGE(0), RW)))},
    {.name = "zero_units", SETUP(LAZY_AS(UNIT(0), UNIT(1), RW | AXADDR_ZERO_PAGE)),
     RUN(A(FAULT(PAGE(0), R)), B(FAULT(PAGE(0), RW)), C(FAULT(PAGE(1), R)))},
    {.name = "zero_collapse", SETUP(LAZY_AS(UNIT(0), UNIT(1), RW | AXADDR_ZERO_PAGE),
                                    FAULT(PAGE(0), R)),
     RUN(A(FAULT(PAGE(0), RW)), B(COLLAPSE(UNIT(0), UNIT(1))))},
    {.name = "zero_fault_from_pool", SETUP(ZERO, FAULT(PAGE(0), R)),
     RUN(A(FAULT_POOL(PAGE(0), RW)), B(FAULT(PAGE(0), RW)), C(UNMAP(PAGE(0), PAGE(1))))},
    {.name = "zero_faults_unmap", SETUP(ZERO),
     RUN(A(FAULT(PAGE(0), R)), B(FAULT(PAGE(0), RW)), C(UNMAP(PAGE(0), PAGE(4))))},
    {.name = "zero_same_frame",
     SETUP(ZERO, FAULT(PAGE(0), RW), PROTECT(PAGE(0), PAGE(4), R), PROTECT(PAGE(0), PAGE(4), RW),
           HARVEST(PAGE(0), PAGE(4))),
     RUN(A(FAULT(PAGE(0), RW)), B(ACCESS(PAGE(0), R)), C(FAULT(PAGE(0), RW)))},
    {.name = "zero_same_frame_unmap",
     SETUP(ZERO, FAULT(PAGE(0), RW), PROTECT(PAGE(0), PAGE(4), R), PROTECT(PAGE(0), PAGE(4), RW),
           HARVEST(PAGE(0), PAGE(4))),
     RUN(A(FAULT(PAGE(0), RW)), B(ACCESS(PAGE(0), RW)), C(UNMAP(PAGE(0), PAGE(1))))},
    {.name = "zero_map", SETUP(LAZY(PAGE(8), PAGE(1))),
     RUN(A(FAULT(PAGE(0), R), FAULT(PAGE(0), RW)), B(ZERO))},
    {.name = "zero_harvest", SETUP(ZERO, FAULT(PAGE(0), R)),
     RUN(A(FAULT(PAGE(0), RW)), B(ACCESS(PAGE(0), R)), C(HARVEST(PAGE(0), PAGE(2))))},
    {.name = "backed_faults", SETUP(BACKED(PAGE(0), PAGE(4))),
     RUN(A(FAULT(PAGE(0), R)), B(FAULT(PAGE(0), RW)), C(FAULT(PAGE(0), R)))},
    {.name = "backed_writes", SETUP(BACKED(PAGE(0), PAGE(4)), FAULT(PAGE(0), R)),
     RUN(A(FAULT(PAGE(0), RW)), B(FAULT(PAGE(0), RW)), C(ACCESS(PAGE(0), R)))},
    {.name = "backed_unmap", SETUP(BACKED(PAGE(0), PAGE(4)), FAULT(PAGE(0), R)),
     RUN(A(FAULT(PAGE(0), RW)), B(FAULT(PAGE(1), RW)), C(UNMAP(PAGE(0), PAGE(4))))},
    {.name = "backed_supply_unmap", SETUP(BACKED(PAGE(0), PAGE(4))),
     RUN(A(FAULT(PAGE(0), R)), B(FAULT(PAGE(0), RW)), C(UNMAP(PAGE(0), PAGE(1))))},
    {.name = "backed_supply_unmap_unit", SETUP(BACKED(UNIT(0), UNIT(2))),
     RUN(A(FAULT(PAGE(0), R)), B(FAULT(PAGE(0), RW)), C(UNMAP(UNIT(0), UNIT(1))))},
    {.name = "backed_unmap_and_map", SETUP(BACKED(PAGE(0), PAGE(4)), FAULT(PAGE(0), R)),
     RUN(A(FAULT(PAGE(0), RW)), B(UNMAP(PAGE(0), PAGE(4)), PAGES))},
    {.name = "backed_units_unmap", SETUP(BACKED(UNIT(0), UNIT(2)), FAULT(PAGE(1), R)),
     RUN(A(FAULT(PAGE(0), RW)), B(FAULT(PAGE(1), RW)), C(UNMAP(UNIT(0), UNIT(1))))},
    {.name = "backed_protect", SETUP(BACKED(PAGE(0), PAGE(4)), FAULT(PAGE(0), R)),
     RUN(A(FAULT(PAGE(0), RW)), B(FAULT(PAGE(1), RW)), C(PROTECT(PAGE(0), PAGE(4), R)))},
    {.name = "backed_protect_type", SETUP(BACKED(PAGE(0), PAGE(4)), FAULT(PAGE(0), R)),
     RUN(A(FAULT(PAGE(0), RW)), B(FAULT(PAGE(1), R)), C(PROTECT(PAGE(0), PAGE(4), RWU)))},
    {.name = "upgrades_unmap", SETUP(ZERO, BACKED(PAGE(4), PAGE(1)), FAULT(PAGE(0), R),
                                     FAULT(PAGE(4), R)),
     RUN(A(FAULT(PAGE(0), RW)), B(FAULT(PAGE(4), RW)), C(UNMAP(PAGE(0), PAGE(8))))},

    /* ---- whole units at once ---- */
    {.name = "large_faults", SETUP(LARGE),
     RUN(A(FAULT(PAGE(0), R)), B(FAULT(PAGE(1), RW)), C(FAULT(UNIT(1), R)))},
    {.name = "large_top_faults", SETUP(LAZY_AS(TOP(0), TOP(1), RW | AXADDR_LARGE)),
     RUN(A(FAULT(PAGE(0), R)), B(FAULT(PAGE(1), RW)))},
    {.name = "large_unmap", SETUP(LARGE),
     RUN(A(FAULT(PAGE(0), R)), B(FAULT(PAGE(1), R)), C(UNMAP(PAGE(0), PAGE(1))))},
    {.name = "large_unmap_unit", SETUP(LARGE, FAULT(UNIT(1), R)),
     RUN(A(FAULT(PAGE(0), R)), B(FAULT(UNIT(1), RW)), C(UNMAP(UNIT(0), UNIT(2))))},
    {.name = "large_and_small", SETUP(LARGE),
     RUN(A(FAULT(PAGE(0), R)), B(FAULT_POOL(PAGE(1), R)), C(UNMAP(PAGE(0), PAGE(1))))},
    {.name = "large_and_small_faults", SETUP(LARGE),
     RUN(A(FAULT(PAGE(0), R)), B(FAULT_POOL(PAGE(1), RW)), C(FAULT_POOL(PAGE(0), R)))},
    {.name = "large_top_unmap", SETUP(LAZY_AS(TOP(0), TOP(1), RW | AXADDR_LARGE)),
     RUN(A(FAULT(PAGE(0), R)), B(UNMAP(UNIT(0), UNIT(1))))},
    {.name = "large_protect", SETUP(LARGE),
     RUN(A(FAULT(PAGE(0), R)), B(ACCESS(PAGE(0), RW)), C(PROTECT(PAGE(0), PAGE(1), R)))},

    /* ---- split, collapse, harvest ---- */
    {.name = "split_access", SETUP(LINEAR(UNIT(0), UNIT(1))),
     RUN(A(ACCESS(PAGE(0), RW)), B(ACCESS(PAGE(1), R)), C(SPLIT(UNIT(0), UNIT(1))))},
    {.name = "split_look", SETUP(LINEAR(UNIT(0), UNIT(1))),
     RUN(A(QUERY(PAGE(0))), B(TRANSLATE(PAGE(1))), C(SPLIT(PAGE(0), PAGE(1))))},
    {.name = "split_unmap", SETUP(LINEAR(UNIT(0), UNIT(1))),
     RUN(A(SPLIT(PAGE(0), PAGE(1))), B(UNMAP(PAGE(1), PAGE(1))), C(TRANSLATE(PAGE(1))))},
    {.name = "split_fault", SETUP(LARGE),
     RUN(A(FAULT(PAGE(0), RW)), B(SPLIT(UNIT(0), UNIT(1))), C(FAULT(PAGE(1), R)))},
    {.name = "split_fault_beside", SETUP(LINEAR(UNIT(0), UNIT(1)), LAZY(UNIT(1), UNIT(1))),
     RUN(A(FAULT(PAGE(0), RW)), B(SPLIT(UNIT(0), UNIT(2))), C(FAULT(UNIT(1), R)))},
    {.name = "split_fault_mapped", SETUP(LARGE, FAULT(PAGE(0), R)),
     RUN(A(FAULT(PAGE(0), RW)), B(SPLIT(UNIT(0), UNIT(1))), C(FAULT(PAGE(1), R)))},
    {.name = "collapse_access", SETUP(SPLIT_UNIT),
     RUN(A(ACCESS(PAGE(0), RW)), B(ACCESS(PAGE(1), R)), C(COLLAPSE(UNIT(0), UNIT(1))))},
    {.name = "collapse_look", SETUP(SPLIT_UNIT),
     RUN(A(QUERY(PAGE(0))), B(TRANSLATE(PAGE(1))), C(COLLAPSE(UNIT(0), UNIT(1))))},
    {.name = "collapse_fault", SETUP(SPLIT_UNIT),
     RUN(A(FAULT(PAGE(0), R)), B(FAULT(PAGE(1), RW)), C(COLLAPSE(UNIT(0), UNIT(1))))},
    {.name = "collapse_lazy", SETUP(UNITS, FAULT(PAGE(0), R)),
     RUN(A(FAULT(PAGE(0), R)), B(FAULT(PAGE(1), RW)), C(COLLAPSE(UNIT(0), UNIT(1))))},
    {.name = "collapse_split", SETUP(SPLIT_UNIT),
     RUN(A(SPLIT(PAGE(0), PAGE(1))), B(COLLAPSE(UNIT(0), UNIT(1))), C(QUERY(PAGE(1))))},
    {.name = "collapse_unmap", SETUP(SPLIT_UNIT),
     RUN(A(ACCESS(PAGE(0), RW)), B(COLLAPSE(UNIT(0), UNIT(1))), C(UNMAP(PAGE(1), PAGE(1))))},
    {.name = "collapse_large", SETUP(LARGE, FAULT(UNIT(0), R), SPLIT(UNIT(0), UNIT(1))),
     RUN(A(FAULT(PAGE(0), RW)), B(COLLAPSE(UNIT(0), UNIT(2))), C(UNMAP(PAGE(1), PAGE(1))))},
    {.name = "collapse_harvest", SETUP(SPLIT_UNIT, ACCESS(PAGE(1), RW)),
     RUN(A(ACCESS(PAGE(0), RW)), B(COLLAPSE(UNIT(0), UNIT(1))), C(HARVEST(UNIT(0), UNIT(1))))},
    {.name = "run_protect", SETUP(SPLIT_UNIT, COLLAPSE(PAGE(0), PAGE(16))),
     RUN(A(ACCESS(PAGE(0), RW)), B(QUERY(PAGE(1))), C(PROTECT(PAGE(1), PAGE(1), R)))},
    {.name = "run_unmap", SETUP(SPLIT_UNIT, COLLAPSE(PAGE(0), PAGE(16))),
     RUN(A(ACCESS(PAGE(0), RW)), B(FAULT(PAGE(1), R)), C(UNMAP(PAGE(1), PAGE(1))))},
    {.name = "run_harvest", SETUP(SPLIT_UNIT, COLLAPSE(PAGE(0), PAGE(16))),
     RUN(A(ACCESS(PAGE(0), RW)), B(FAULT(PAGE(1), RW)), C(HARVEST(PAGE(0), PAGE(16))))},
    {.name = "harvest_access", SETUP(POPULATE(PAGE(0), PAGE(2)), ACCESS(PAGE(1), RW)),
     RUN(A(ACCESS(PAGE(0), RW)), B(ACCESS(PAGE(1), R)), C(HARVEST(PAGE(0), PAGE(2))))},
    {.name = "harvest_write", SETUP(POPULATE(PAGE(0), PAGE(2)), HARVEST(PAGE(0), PAGE(2)), ACCESS(PAGE(0), R)),
     RUN(A(ACCESS(PAGE(0), RW)), B(HARVEST(PAGE(0), PAGE(2))), C(FAULT(PAGE(0), RW)))},
    {.name = "harvest_write_large", SETUP(LINEAR(UNIT(0), UNIT(1)), HARVEST(UNIT(0), UNIT(1)), ACCESS(PAGE(0), R)),
     RUN(A(ACCESS(PAGE(0), RW)), B(HARVEST(UNIT(0), UNIT(1))), C(FAULT(PAGE(1), RW)))},
    {.name = "harvest_access_large", SETUP(LINEAR(UNIT(0), UNIT(1))),
     RUN(A(ACCESS(PAGE(0), RW)), B(ACCESS(PAGE(1), R)), C(HARVEST(UNIT(0), UNIT(1))))},
    {.name = "harvest_fault", SETUP(PAGES, FAULT(PAGE(0), R)),
     RUN(A(FAULT(PAGE(0), RW)), B(FAULT(PAGE(1), RW)), C(HARVEST(PAGE(0), PAGE(2))))},
    {.name = "harvest_protect", SETUP(POPULATE(PAGE(0), PAGE(2)), ACCESS(PAGE(0), RW)),
     RUN(A(ACCESS(PAGE(0), RW)), B(HARVEST(PAGE(0), PAGE(2))), C(PROTECT(PAGE(0), PAGE(1), R)))},
    {.name = "harvest_twice", SETUP(POPULATE(PAGE(0), PAGE(1)), ACCESS(PAGE(0), RW)),
     RUN(A(ACCESS(PAGE(0), RW), ACCESS(PAGE(0), RW)),
         B(HARVEST(PAGE(0), PAGE(1)), HARVEST(PAGE(0), PAGE(1))))},
    {.name = "harvest_upgrade", SETUP(ZERO, FAULT(PAGE(0), R), HARVEST(PAGE(0), PAGE(1))),
     RUN(A(FAULT(PAGE(0), RW)), B(ACCESS(PAGE(0), RW)), C(HARVEST(PAGE(0), PAGE(1))))},

    /* ---- edits in steps, and faults in between ---- */
    {.name = "steps_unmap", SETUP(PAGES, FAULT(PAGE(1), R)),
     RUN(A(FAULT(PAGE(0), R)), B(FAULT(PAGE(3), R)),
         C(UNMAP_STEP(PAGE(0), PAGE(4), 2), UNMAP_STEP(PAGE(0), PAGE(4), REST)))},
    {.name = "steps_unmap_units", SETUP(UNITS),
     RUN(A(FAULT(PAGE(0), R)), B(FAULT(UNIT(1), R)),
         C(UNMAP_STEP(UNIT(0), UNIT(2), 1), UNMAP_STEP(UNIT(0), UNIT(2), REST)))},
    {.name = "steps_unmap_look", SETUP(UNITS, FAULT(PAGE(1), R)),
     RUN(A(QUERY(PAGE(1))), B(FAULT(PAGE(0), R)),
         C(UNMAP_STEP(UNIT(0), UNIT(1), 1), UNMAP_STEP(UNIT(0), UNIT(1), REST)))},
    {.name = "steps_unmap_three", SETUP(PAGES),
     RUN(A(FAULT(PAGE(1), R)), B(UNMAP_STEP(PAGE(0), PAGE(4), 1), UNMAP_STEP(PAGE(0), PAGE(4), 1),
                                 UNMAP_STEP(PAGE(0), PAGE(4), REST)))},
    {.name = "steps_unmap_unmap", SETUP(UNITS, FAULT(PAGE(0), R)),
     RUN(A(UNMAP_STEP(UNIT(0), UNIT(1), 1), UNMAP_STEP(UNIT(0), UNIT(1), REST)),
         B(UNMAP(UNIT(0), UNIT(1))))},
    {.name = "steps_protect", SETUP(PAGES, FAULT(PAGE(1), R)),
     RUN(A(FAULT(PAGE(0), RW)), B(FAULT(PAGE(3), RW)),
         C(PROTECT_STEP(PAGE(0), PAGE(4), R, 2), PROTECT_STEP(PAGE(0), PAGE(4), R, REST)))},
    {.name = "steps_protect_units", SETUP(UNITS),
     RUN(A(FAULT(PAGE(0), RW)), B(QUERY(UNIT(1))),
         C(PROTECT_STEP(UNIT(0), UNIT(2), RWU, 1), PROTECT_STEP(UNIT(0), UNIT(2), RWU, REST)))},
    {.name = "steps_split", SETUP(LINEAR(UNIT(0), UNIT(2))),
     RUN(A(ACCESS(PAGE(0), RW)), B(FAULT(UNIT(1), RW)),
         C(SPLIT_STEP(UNIT(0), UNIT(2), 1), SPLIT_STEP(UNIT(0), UNIT(2), REST)))},
    {.name = "steps_harvest", SETUP(POPULATE(PAGE(0), PAGE(2)), ACCESS(PAGE(1), RW)),
     RUN(A(ACCESS(PAGE(0), RW)), B(FAULT(PAGE(1), RW)),
         C(HARVEST_STEP(PAGE(0), PAGE(2), 1), HARVEST_STEP(PAGE(0), PAGE(2), REST)))},
    {.name = "steps_collapse", SETUP(LINEAR(UNIT(0), UNIT(2)), SPLIT(UNIT(0), UNIT(2))),
     RUN(A(ACCESS(PAGE(0), RW)), B(QUERY(UNIT(1))),
         C(COLLAPSE_STEP(UNIT(0), UNIT(2), 1), COLLAPSE_STEP(UNIT(0), UNIT(2), REST)))},
    {.name = "steps_map", SETUP(LAZY(UNIT(1), PAGE(1))),
     RUN(A(FAULT(PAGE(0), R)), B(FAULT(UNIT(1), R)),
         C(LAZY_STEP(UNIT_PAGE(0, -1), PAGE(2), 1), LAZY_STEP(UNIT_PAGE(0, -1), PAGE(2), REST)))},
    {.name = "steps_populate",
     RUN(A(FAULT(PAGE(0), R)), B(QUERY(PAGE(1))),
         C(POPULATE_STEP(PAGE(0), PAGE(2), 1), POPULATE_STEP(PAGE(0), PAGE(2), REST)))},

    /* ---- allocations that fail ---- */
    {.name = "refused_fault_unmap", SETUP(ALL),
     RUN(A(FAULT(PAGE(0), R)), B(UNMAP(PAGE(1), PAGE(1)))), REFUSED(1)},
    {.name = "refused_fault_unmap_all", SETUP(ALL),
     RUN(A(FAULT(PAGE(0), R)), B(UNMAP(TOP(0), TOP(1)))), REFUSED(1)},
    {.name = "refused_fault_fault", SETUP(UNITS),
     RUN(A(FAULT(PAGE(0), R)), B(FAULT(PAGE(0), R))), REFUSED(1)},
    {.name = "refused_unmap_fault", SETUP(ALL),
     RUN(A(FAULT(PAGE(0), R)), B(UNMAP(PAGE(1), PAGE(1)))), REFUSED(2)},
    {.name = "refused_protect_fault", SETUP(UNITS),
     RUN(A(FAULT(PAGE(0), R)), B(PROTECT(PAGE(0), PAGE(1), R))), REFUSED(2)},
    {.name = "refused_large_faults", SETUP(LARGE),
     RUN(A(FAULT(PAGE(0), R)), B(FAULT(PAGE(1), R)), C(UNMAP(PAGE(2), PAGE(1)))), REFUSED(1)},
    {.name = "refused_zero_unmap", SETUP(ZERO, FAULT(PAGE(0), R)),
     RUN(A(FAULT(PAGE(0), RW)), B(UNMAP(PAGE(0), PAGE(4)))), REFUSED(1)},
    {.name = "refused_backed_faults", SETUP(BACKED(UNIT(0), UNIT(1))),
     RUN(A(FAULT(PAGE(0), RW)), B(FAULT(PAGE(0), R))), REFUSED(1)},
    {.name = "refused_map_fault", SETUP(UNITS),
     RUN(A(FAULT(UNIT_PAGE(2, -1), R)), B(POPULATE(UNIT(2), PAGE(2)))), REFUSED(2)},

    /* ---- frames that come back at once ---- */
    {.name = "recycled_fault_fault", SETUP(UNITS),
     RUN(A(FAULT(PAGE(0), R)), B(FAULT(PAGE(0), R)), C(FAULT(PAGE(1), R))), RECYCLING},
    {.name = "recycled_fault_map_again", SETUP(UNITS, FAULT(PAGE(1), R)),
     RUN(A(FAULT(PAGE(0), R)),
         B(UNMAP(UNIT(0), UNIT(1)), LAZY(UNIT(0), UNIT(1)), FAULT(PAGE(1), R))), RECYCLING},
    {.name = "recycled_fault_unmap", SETUP(PAGES, FAULT(PAGE(1), R)),
     RUN(A(FAULT(PAGE(0), R)),
         B(UNMAP(PAGE(1), PAGE(1)), LAZY(PAGE(1), PAGE(1)), FAULT(PAGE(1), R))), RECYCLING},
    {.name = "recycled_look", SETUP(UNITS, FAULT(PAGE(0), R)),
     RUN(A(TRANSLATE(PAGE(0))),
      B(UNMAP(UNIT(0), UNIT(1)), LAZY(UNIT(0), UNIT(1)), FAULT(PAGE(1), R))), RECYCLING},
};

/* ---- and three of these calls, of which one takes no lock, from each of these states ---- */

static const struct scenario grid_setups[] = {
    {.name = "grid_pages", SETUP(PAGES)},
    {.name = "grid_pages_used", SETUP(PAGES, FAULT(PAGE(0), R), FAULT(PAGE(1), R))},
    {.name = "grid_units", SETUP(UNITS)},
    {.name = "grid_units_used", SETUP(UNITS, FAULT(PAGE(1), R))},
    {.name = "grid_linear", SETUP(LINEAR(UNIT(0), UNIT(1)), LAZY(UNIT(1), PAGE(2)))},
    {.name = "grid_zero", SETUP(ZERO, FAULT(PAGE(0), R))},
    {.name = "grid_backed", SETUP(BACKED(UNIT(0), UNIT(1)), FAULT(PAGE(0), R))},
};

static const struct call grid_calls[] = {
    FAULT(PAGE(0), R),
    FAULT(PAGE(0), RW),
    FAULT(PAGE(1), RW),
    QUERY(PAGE(0)),
    TRANSLATE(PAGE(1)),
    ACCESS(PAGE(0), RW),
    UNMAP(PAGE(0), PAGE(1)),
    UNMAP(PAGE(1), PAGE(2)),
    UNMAP(UNIT(0), UNIT(1)),
    PROTECT(PAGE(0), PAGE(1), R),
    PROTECT(PAGE(1), PAGE(2), RWU),
    LAZY(PAGE(0), PAGE(2)),
    POPULATE(PAGE(1), PAGE(1)),
    SPLIT(UNIT(0), UNIT(1)),
    COLLAPSE(UNIT(0), UNIT(1)),
    HARVEST(PAGE(0), PAGE(2)),
};

/* clang-format on */

#endif /* AXADDR_TESTS_INTERLEAVE_CASES_H */
