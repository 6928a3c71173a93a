/*
 * binfmt_script.c - "#!": the first line names who is to run this file.
 *
 * Idea: "#!  name  [one argument]". argv becomes name, the argument if there is
 *       one, the script's path, and argv[1…]. Only the file's first 256 bytes
 *       count: a name that may be cut there is refused, an argument is cut.
 * Locks:  none.   Above: exec.c.   In Linux: fs/binfmt_script.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/fs/fs.h"
#include "kernel/lib/string.h"
#include "kernel/proc/binfmt.h"

static bool is_blank(char c) { return c == ' ' || c == '\t'; }

/* Splits the line in [s, end) in place; *end may be overwritten. -ENOEXEC: names nobody. */
static int parse_line(char *s, char *end, char **name, char **arg)
{
	char *stop;

	while (end > s && is_blank(end[-1]))
		end--;
	while (s < end && is_blank(*s))
		s++;
	if (s == end || !*s)
		return -ENOEXEC;
	*end = '\0';
	*name = s;
	stop = s + strcspn(s, " \t");
	*arg = NULL;
	if (*stop) {
		*stop++ = '\0';
		while (is_blank(*stop))
			stop++;
		*arg = *stop ? stop : NULL;
	}
	return 0;
}

/* The first line's end; NULL: it goes on beyond the buffer and the name may be cut. */
static char *find_line_end(char *s, char *last)
{
	char *newline = strnchr(s, last - s + 1, '\n');

	if (newline)
		return newline;
	while (s < last && is_blank(*s))
		s++;
	for (char *p = s; p < last; p++)
		if (is_blank(*p) || !*p)
			return p > s ? last : NULL;
	return NULL;
}

int load_script(struct linux_binprm *bprm)
{
	char *line = (char *)bprm->buf + 2, *end, *name, *arg;
	struct file *file;
	int err;

	if (bprm->buf[0] != '#' || bprm->buf[1] != '!')
		return -ENOEXEC;
	end = find_line_end(line, (char *)bprm->buf + BINPRM_BUF_SIZE - 1);
	if (!end || parse_line(line, end, &name, &arg))
		return -ENOEXEC;
	err = remove_arg_zero(bprm);
	if (!err)
		err = copy_string_kernel(bprm, bprm->interp ? bprm->interp : bprm->filename);
	bprm->argc++;
	if (!err && arg) {
		err = copy_string_kernel(bprm, arg);
		bprm->argc++;
	}
	if (!err) {
		err = copy_string_kernel(bprm, name);
		bprm->argc++;
	}
	if (!err)
		err = bprm_change_interp(bprm, name);
	if (err)
		return err;
	file = open_exec(name);
	if (IS_ERR(file))
		return PTR_ERR(file);
	bprm->interpreter = file;
	return 0;
}
