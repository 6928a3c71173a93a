/*
 * ram.h - the fake RAM: a file in memory, mapped wherever the machine maps it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

void ram_create(unsigned long bytes); /* fresh and zero; the old one's mappings must be gone */
/* @size bytes of RAM from @phys at @va, whole pages. Replaces what is mapped there. */
void ram_map(unsigned long va, unsigned long phys, unsigned long size, bool writable);
void ram_claim(unsigned long va, unsigned long size); /* once: the host must have nothing there */
void ram_unmap(unsigned long va, unsigned long size); /* an access is a crash */
bool ram_is_mapped(unsigned long va);		      /* may it be read? */
