# ksyms.awk - `nm -n` of the first link becomes the assembler text of ksyms.c's table.
# Kept: functions; left out: nasm's local labels (name.local) but not gcc's clones (name.constprop.0).
BEGIN { count = 0 }
$3 == "__init_text_end" { limit = $1 }
$2 ~ /^[tTwW]$/ {
	name = $3
	if (name ~ /^\.|^__.*_(start|end)$|^_?L[0-9]/) next
	if (name ~ /\./ && name !~ /\.(constprop|part|isra|cold|llvm)/) next
	if ($1 == last) next
	last = $1
	address[count] = $1; names[count++] = name
}
END {
	print ".section .ksyms, \"a\"\n.globl ksyms_count, ksyms_addresses, ksyms_names, ksyms_strings\n.balign 8"
	printf "ksyms_count: .long %d\nksyms_addresses:\n", count
	for (i = 0; i < count; i++) printf ".long 0x%s - 0xffffffff80000000\n", address[i]
	printf ".long 0x%s - 0xffffffff80000000\nksyms_names:\n", limit
	for (i = 0; i < count; i++) { printf ".long %d\n", at; at += length(names[i]) + 1 }
	print "ksyms_strings:"
	for (i = 0; i < count; i++) printf ".asciz \"%s\"\n", names[i]
	print ".section .note.GNU-stack, \"\", @progbits"
}
