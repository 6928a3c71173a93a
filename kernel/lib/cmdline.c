/*
 * cmdline.c - the kernel command line: known parameters to their owners, the
 *             rest to init.
 *
 * Idea: one walker splits a writable copy of the line in place and calls a
 *       function for each word; early parameters, boot sysctls and look-ups are
 *       three such functions. '-' and '_' are alike in a parameter's name.
 * Locks:  none; boot only, one CPU.
 * Above:  kernel/main.c.   In Linux: kernel/params.c, init/main.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/lib/cmdline.h"
#include "kernel/lib/ctlfile.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"

char saved_command_line[COMMAND_LINE_SIZE];
const char *argv_init[MAX_INIT_ARGS + 2] = { "init" };
const char *envp_init[MAX_INIT_ARGS + 2] = { "HOME=/", "TERM=linux" };

static char init_words[COMMAND_LINE_SIZE];	/* c: what argv_init and envp_init point into */
static char unknown[COMMAND_LINE_SIZE];		/* for the line that names them */

/* Splits the first word off @s: its name and value (NULL: no '='). Returns the rest. */
static char *next_word(char *s, char **name, char **value)
{
	bool quoted = *s == '"', in_quote = quoted;
	char *p;

	if (quoted)
		s++;
	*name = s;
	*value = NULL;
	for (p = s; *p && (in_quote || !isspace(*p)); p++) {
		if (*p == '=' && !*value) {
			*p = 0;
			*value = p + 1;
		} else if (*p == '"') {
			in_quote = !in_quote;
		}
	}
	if (*p)
		*p++ = 0;
	if (*value && **value == '"') {		/* name="a b" */
		size_t n;

		(*value)++;
		n = strlen(*value);
		if (n && (*value)[n - 1] == '"')
			(*value)[n - 1] = 0;
	} else if (quoted) {			/* "name=a b" */
		char *text = *value ? *value : *name;
		size_t n = strlen(text);

		if (n && text[n - 1] == '"')
			text[n - 1] = 0;
	}
	return skip_spaces(p);
}

/* Calls @fn for each word of @line; @after: it stands behind "--". */
static void for_each_word(char *line, void (*fn)(char *name, char *value, bool after, void *ctx),
			  void *ctx)
{
	bool after = false;
	char *name, *value;

	line = skip_spaces(line);
	while (*line) {
		line = next_word(line, &name, &value);
		if (!after && !value && !strcmp(name, "--"))
			after = true;
		else
			fn(name, value, after, ctx);
	}
}

static bool same_name(const char *a, const char *b)
{
	for (;; a++, b++) {
		char x = *a == '-' ? '_' : *a, y = *b == '-' ? '_' : *b;

		if (x != y)
			return false;
		if (!x)
			return true;
	}
}

/* Puts name=value together again, in place. */
static char *rejoin(char *name, char *value)
{
	size_t n = strlen(name), len;

	if (!value)
		return name;
	len = strlen(value) + 1;
	memmove(name + n + 1, value, len);	/* moves only over a quote */
	name[n] = '=';
	return name;
}

static void add_argument(const char *word)
{
	for (int i = 1; i <= MAX_INIT_ARGS; i++) {
		if (!argv_init[i]) {
			argv_init[i] = word;
			return;
		}
	}
	pr_err("Too many boot init vars at '%s'\n", word);
}

/* A second setting of the same variable replaces the first. */
static void add_environment(const char *word, size_t name_len)
{
	for (int i = 0; i <= MAX_INIT_ARGS; i++) {
		if (!envp_init[i] || !strncmp(envp_init[i], word, name_len + 1)) {
			envp_init[i] = word;
			return;
		}
	}
	pr_err("Too many boot env vars at '%s'\n", word);
}

static bool give_to_owner(const char *name, const char *value)
{
	bool known = false;

	for (const struct ctl_param *p = __ctl_param_start; p < __ctl_param_end; p++) {
		if (!same_name(p->name, name))
			continue;
		known = true;
		if (p->set(value ? value : ""))
			pr_warn("Malformed early option '%s'\n", name);
	}
	return known;
}

static void early_word(char *name, char *value, bool after, void *ctx)
{
	size_t name_len = strlen(name);

	if (after) {
		add_argument(rejoin(name, value));
		return;
	}
	if (give_to_owner(name, value) || strchr(name, '.'))
		return;
	rejoin(name, value);
	strlcat(unknown, " ", sizeof(unknown));
	strlcat(unknown, name, sizeof(unknown));
	if (value)
		add_environment(name, name_len);
	else
		add_argument(name);
}

/* cmdline.h */
void parse_early_params(const char *command_line)
{
	strscpy(saved_command_line, command_line, sizeof(saved_command_line));
	strscpy(init_words, command_line, sizeof(init_words));
	for_each_word(init_words, early_word, NULL);
	if (unknown[0])
		pr_notice("Unknown kernel command line parameters \"%s\", will be passed to user "
			  "space.\n",
			  unknown + 1);
}

static void sysctl_word(char *name, char *value, bool after, void *ctx)
{
	int (*apply)(const char *, const char *) = *(int (**)(const char *, const char *))ctx;
	int err;

	if (after || !value ||
	    (!str_has_prefix(name, "sysctl.") && !str_has_prefix(name, "sysctl/")))
		return;
	name += strlen("sysctl.");
	for (char *p = name; *p; p++)
		if (*p == '/')
			*p = '.';
	err = apply(name, value);
	if (err)
		pr_err("Failed to set sysctl parameter '%s=%s': %s\n", name, value,
		       err == -ENOENT ? "parameter not found" :
		       err == -EINVAL ? "invalid value" : "permission denied");
}

/* cmdline.h */
void apply_boot_sysctls(int (*apply)(const char *name, const char *value))
{
	static char copy[COMMAND_LINE_SIZE];	/* boot only */

	strscpy(copy, saved_command_line, sizeof(copy));
	for_each_word(copy, sysctl_word, &apply);
}

struct lookup { const char *name; char *value; size_t size; bool found; };

static void lookup_word(char *name, char *value, bool after, void *ctx)
{
	struct lookup *l = ctx;

	if (after || !same_name(name, l->name))
		return;
	l->found = true;
	strscpy(l->value, value ? value : "", l->size);
}

/* cmdline.h */
bool cmdline_find_option(const char *name, char *value, size_t size)
{
	static char copy[COMMAND_LINE_SIZE];	/* boot only */
	struct lookup l = { .name = name, .value = value, .size = size };

	strscpy(copy, saved_command_line, sizeof(copy));
	for_each_word(copy, lookup_word, &l);
	return l.found;
}
