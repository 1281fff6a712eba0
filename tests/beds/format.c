/* SPDX-License-Identifier: MIT
 *
 * format.c: the format that a bed is for, by the name that the other parts know. They are compiled
 * once for all formats of a machine, and this for each, with
 *
 *     BED_FORMAT_NAME   the format
 *     BED_SHAPE_NAME    if its root is chosen at init: a constant format with that root
 *     BED_STRIDE_OF     BED_STRIDE, if not 1
 *     BED_UPPER         BED_IS_UPPER, if not 0
 */
#include "bed.h"

#ifndef BED_SHAPE_NAME
#define BED_SHAPE_NAME BED_FORMAT_NAME
#endif
#ifndef BED_STRIDE_OF
#define BED_STRIDE_OF 1
#endif
#ifndef BED_UPPER
#define BED_UPPER 0
#endif

#define BED_TEXT_(name) #name
#define BED_TEXT(name)  BED_TEXT_(name)

extern const struct axaddr_format bed_format __attribute__((alias(BED_TEXT(BED_FORMAT_NAME))));
extern const struct axaddr_format bed_shape __attribute__((alias(BED_TEXT(BED_SHAPE_NAME))));
const unsigned bed_stride = BED_STRIDE_OF;
const bool bed_is_upper = BED_UPPER != 0;
