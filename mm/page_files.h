/*
 * page_files.h - what /proc/kpageflags says of a page.
 */
#pragma once

#include "mm/mm_types.h"

u64 stable_page_flags(const struct page *page);	/* KPF_* bits, Linux's; no lock */
