/*
 * mem.h - /dev/null and its family.
 */
#pragma once

void mem_devices_init(void);
