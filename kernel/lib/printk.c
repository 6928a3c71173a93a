/*
 * printk.c - the kernel's log: a ring of records, and the consoles that show it.
 *
 * Idea: a record is a header and its text, eight-byte aligned, in a ring of
 *       bytes; the oldest records give way. Records are numbered from 0, and
 *       every reader is just the number of the record it wants next.
 *       A message without a newline stays open: KERN_CONT of the same task
 *       goes on with it; the next other message closes it, and only closed
 *       records are shown.
 *       Printing needs the console lock. Who does not get it leaves: the
 *       holder looks for new records before it goes.
 * Locks:  log_lock around the ring, console_lock around the consoles; both
 *         with interrupts off. Log is taken inside console. A panicking CPU
 *         waits only so long, then takes what it needs.
 * Above:  everything.   Below: struct printk_ops.   In Linux: kernel/printk/.
 */
#include "kernel/abi/errno.h"
#include "kernel/lib/ctlfile.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"

#define LOG_BUF_SHIFT 17		/* 128 KiB: Debian's CONFIG_LOG_BUF_SHIFT */
#define LOG_BUF_LEN (1U << LOG_BUF_SHIFT)
#define PANIC_SPINS 10000000UL		/* how often a panicking CPU tries for a lock: a tenth of a second or so */

struct printk_ops printk_ops;
int console_printk[4] = { CONSOLE_LOGLEVEL_DEFAULT, LOGLEVEL_WARNING, 1, CONSOLE_LOGLEVEL_DEFAULT };
bool printk_time = true;

/* A record. total 0: the rest of the ring is unused, go on at its start. */
struct log_record {
	u64 ts;			/* ns since boot */
	u32 caller;		/* pid: whose KERN_CONT continues it */
	u16 total;		/* bytes with header and padding */
	u16 len;		/* bytes of text */
	u8 facility, level;
	bool open;		/* no newline yet */
	char text[];
};

/* A place in the log: the number of a record and its offset in all that was ever logged. */
struct log_pos {
	u64 seq;
	u64 off;		/* modulo LOG_BUF_LEN: in the ring */
};

static int log_lock_word, console_lock_word;	/* holder's CPU + 1, 0: free */
static bool panicking;				/* a */
static char log_buf[LOG_BUF_LEN] __aligned(8);	/* log_lock, as all that follows */
static struct log_pos first, next, clear_pos;
static struct log_pos cached;			/* the last look-up's */
static struct log_record *last;			/* the newest, NULL: none */
static char line[LOG_LINE_MAX];			/* where vprintk formats */
static u64 syslog_seq;				/* syslog_read's place … */
static size_t syslog_done;			/* … and bytes of it given already */
static struct console *consoles;		/* console_lock */
static char console_text[LOG_TEXT_MAX];		/* console_lock */

/* --- locks --- */

static bool take(int *word, unsigned long *flags, bool wait)
{
	int me = (printk_ops.cpu ? printk_ops.cpu() : 0) + 1, free = 0;

	*flags = printk_ops.irq_save ? printk_ops.irq_save() : 0;
	for (unsigned long spins = 0;; spins++) {
		free = 0;
		if (__atomic_compare_exchange_n(word, &free, me, false, __ATOMIC_ACQUIRE,
						__ATOMIC_RELAXED))
			return true;
		if (READ_ONCE(panicking) && (free == me || spins > PANIC_SPINS)) {
			__atomic_store_n(word, me, __ATOMIC_RELAXED);
			return true;
		}
		__builtin_ia32_pause();
		/* Ours already: a fault inside printk itself. */
		if (!READ_ONCE(panicking) && (!wait || free == me))
			break;
	}
	if (printk_ops.irq_restore)
		printk_ops.irq_restore(*flags);
	return false;
}

static void give(int *word, unsigned long flags)
{
	__atomic_store_n(word, 0, __ATOMIC_RELEASE);
	if (printk_ops.irq_restore)
		printk_ops.irq_restore(flags);
}

/* --- the ring; => log_lock held --- */

static struct log_record *record_at(u64 off)
{
	return (struct log_record *)(log_buf + off % LOG_BUF_LEN);
}

/* A record never crosses the ring's end: the gap there is skipped. => @pos before next */
static struct log_record *record_of(struct log_pos *pos)
{
	u64 end = ALIGN_DOWN(pos->off, LOG_BUF_LEN) + LOG_BUF_LEN;

	if (end - pos->off < sizeof(struct log_record) || !record_at(pos->off)->total)
		pos->off = end;
	return record_at(pos->off);
}

static void advance(struct log_pos *pos)
{
	pos->off += record_of(pos)->total;
	pos->seq++;
}

/* Makes room for @size bytes at next, dropping the oldest records. */
static struct log_record *make_room(u32 size)
{
	u64 end = ALIGN_DOWN(next.off, LOG_BUF_LEN) + LOG_BUF_LEN;
	u64 start = next.off + size <= end ? next.off : end;

	while (first.seq < next.seq && start + size - first.off > LOG_BUF_LEN)
		advance(&first);
	if (start != next.off && end - next.off >= sizeof(struct log_record))
		record_at(next.off)->total = 0;
	next.off = start;
	if (first.seq == next.seq)
		first.off = start;
	return record_at(start);
}

static u32 record_size(size_t len)
{
	return ALIGN_UP(sizeof(struct log_record) + len, 8UL);
}

static u32 current_caller(void)
{
	return printk_ops.caller ? printk_ops.caller() : 0;
}

/* A new record; @text without its final newline. */
static void log_append(int facility, int level, const char *text, size_t len, bool open)
{
	u32 size = record_size(len);
	struct log_record *r = make_room(size);

	*r = (struct log_record){
		.ts = printk_ops.clock ? printk_ops.clock() : 0,
		.caller = current_caller(),
		.total = size,
		.len = len,
		.facility = facility,
		.level = level,
		.open = open,
	};
	memcpy(r->text, text, len);
	next.off += size;
	next.seq++;
	last = r;
}

/* Goes on with the last record, if that is possible. */
static bool log_continue(const char *text, size_t len, bool open)
{
	struct log_record *r = last;
	u32 size;

	if (!r || !r->open || r->caller != current_caller() || r->len + len > LOG_LINE_MAX)
		return false;
	size = record_size(r->len + len);
	/* It must fit between its start and the ring's end, and push nothing out. */
	if ((char *)r + size > log_buf + LOG_BUF_LEN ||
	    next.off - r->total + size - first.off > LOG_BUF_LEN)
		return false;
	memcpy(r->text + r->len, text, len);
	next.off += size - r->total;
	r->total = size;
	r->len += len;
	r->open = open;
	return true;
}

/*
 * The record numbered @pos->seq, with @pos put right; NULL: none yet. Records given up are
 * skipped.
 */
static struct log_record *log_find(struct log_pos *pos)
{
	u64 seq = MAX(pos->seq, first.seq);

	*pos = cached.seq >= first.seq && cached.seq <= seq ? cached : first;
	while (pos->seq < seq && pos->seq < next.seq)
		advance(pos);
	if (pos->seq >= next.seq) {
		pos->seq = seq;
		return NULL;
	}
	cached = *pos;
	return record_of(pos)->open ? NULL : record_of(pos);
}

/* --- storing --- */

/* Takes "\0016" and its like off the front of @text. */
static const char *parse_level(const char *text, int *level, bool *cont)
{
	while (text[0] == KERN_SOH[0] && text[1]) {
		if (text[1] >= '0' && text[1] <= '7')
			*level = text[1] - '0';
		else if (text[1] == 'c')
			*cont = true;
		text += 2;
	}
	return text;
}

/* printk.h */
int vprintk(const char *fmt, va_list args)
{
	int level = default_message_loglevel;
	const char *text = line;
	bool cont = false, open;
	unsigned long flags;
	size_t len;

	if (!take(&log_lock_word, &flags, true))
		return 0;
	len = vscnprintf(line, sizeof(line), fmt, args);
	text = parse_level(line, &level, &cont);
	len -= text - line;
	open = !len || text[len - 1] != '\n';
	if (!open)
		len--;
	if (!cont || !log_continue(text, len, open)) {
		if (last)
			last->open = false;
		log_append(0, level, text, len, open);
	}
	give(&log_lock_word, flags);
	console_flush();
	if (printk_ops.readers)
		printk_ops.readers();
	return len + !open;
}

/* printk.h */
int printk(const char *fmt, ...)
{
	va_list args;
	int n;

	va_start(args, fmt);
	n = vprintk(fmt, args);
	va_end(args);
	return n;
}

/* printk.h */
void printk_store(int facility, int level, const char *text, size_t len)
{
	unsigned long flags;

	if (!take(&log_lock_word, &flags, true))
		return;
	if (len && text[len - 1] == '\n')
		len--;
	if (last)
		last->open = false;
	log_append(facility, level, text, MIN(len, (size_t)LOG_LINE_MAX), false);
	give(&log_lock_word, flags);
	console_flush();
	if (printk_ops.readers)
		printk_ops.readers();
}

/* --- formats; => log_lock held --- */

/* "<6>[    5.603735] ", both parts optional. */
static size_t format_prefix(char *buf, size_t size, const struct log_record *r, bool with_level)
{
	size_t n = 0;

	if (with_level)
		n = scnprintf(buf, size, "<%u>", r->facility << 3 | r->level);
	if (printk_time)
		n += scnprintf(buf + n, size - n, "[%5llu.%06llu] ",
			       (unsigned long long)r->ts / 1000000000,
			       (unsigned long long)r->ts / 1000 % 1000000);
	return n;
}

/* Each line of @r with the prefix and a newline. The bytes written, or 0 if @size is too small. */
static size_t format_lines(char *buf, size_t size, const struct log_record *r, bool with_level)
{
	char prefix[48];
	size_t plen = format_prefix(prefix, sizeof(prefix), r, with_level), out = 0;
	const char *p = r->text, *end = r->text + r->len;

	do {
		const char *nl = memchr(p, '\n', end - p);
		size_t n = (nl ? nl : end) - p;

		if (out && out + plen + n + 1 > LOG_SHOWN_MAX)
			break;
		if (out + plen + n + 1 > size)
			return 0;
		memcpy(buf + out, prefix, plen);
		memcpy(buf + out + plen, p, n);
		out += plen + n;
		buf[out++] = '\n';
		p += n + 1;
	} while (p < end);
	return out;
}

static size_t lines_size(const struct log_record *r)
{
	char prefix[48];
	size_t plen = format_prefix(prefix, sizeof(prefix), r, true), size = 0;
	const char *p = r->text, *end = r->text + r->len;

	do {	/* as format_lines() */
		const char *nl = memchr(p, '\n', end - p);
		size_t n = (nl ? nl : end) - p;

		if (size && size + plen + n + 1 > LOG_SHOWN_MAX)
			break;
		size += plen + n + 1;
		p += n + 1;
	} while (p < end);
	return size;
}

/* /dev/kmsg: "6,339,5140900,-;text\n", what is not printable as \xNN. */
static kssize_t format_kmsg(char *buf, size_t size, const struct log_record *r, u64 seq)
{
	size_t n = scnprintf(buf, size, "%u,%llu,%llu,-;", r->facility << 3 | r->level,
			     (unsigned long long)seq, (unsigned long long)r->ts / 1000);

	for (int i = 0; i < r->len; i++) {
		u8 c = r->text[i];

		if (n + 6 > size)
			return -EINVAL;
		if (c < ' ' || c >= 127 || c == '\\')
			n += sprintf(buf + n, "\\x%02x", c);
		else
			buf[n++] = c;
	}
	buf[n++] = '\n';
	return n;
}

/* --- consoles --- */

/* The next record @con has to show, as text; 0: none. => console_lock held */
static size_t next_for_console(struct console *con)
{
	unsigned long flags;
	size_t n = 0;

	if (!take(&log_lock_word, &flags, true))
		return 0;
	while (!n) {
		struct log_pos pos = { .seq = con->seq };
		struct log_record *r = log_find(&pos);

		if (!r)
			break;
		con->seq = pos.seq + 1;
		if (r->level < console_loglevel)
			n = format_lines(console_text, sizeof(console_text), r, false);
	}
	give(&log_lock_word, flags);
	return n;
}

static bool consoles_behind(void)
{
	u64 seq = READ_ONCE(next.seq) - (last && last->open);

	for (struct console *con = READ_ONCE(consoles); con; con = con->next)
		if (READ_ONCE(con->seq) < seq)
			return true;
	return false;
}

/* printk.h */
void console_unlock(unsigned long flags)
{
	size_t n;

	for (struct console *con = consoles; con; con = con->next)
		while ((n = next_for_console(con)))
			con->write(con, console_text, n);
	give(&console_lock_word, flags);
}

/* printk.h */
bool console_trylock(unsigned long *flags)
{
	return take(&console_lock_word, flags, false);
}

/* printk.h: prints all there is, or leaves it to who is printing now. */
void console_flush(void)
{
	unsigned long flags;

	while (consoles_behind() && console_trylock(&flags))
		console_unlock(flags);
}

/* printk.h */
void register_console(struct console *con)
{
	unsigned long flags;

	while (!take(&console_lock_word, &flags, true))
		;
	con->seq = con->from_start ? 0 : READ_ONCE(next.seq);
	con->next = consoles;
	consoles = con;
	console_unlock(flags);
}

/* printk.h */
void unregister_console(struct console *con)
{
	unsigned long flags;

	while (!take(&console_lock_word, &flags, true))
		;
	for (struct console **p = &consoles; *p; p = &(*p)->next) {
		if (*p == con) {
			*p = con->next;
			break;
		}
	}
	console_unlock(flags);
}

/* printk.h */
bool console_is_registered(const char *name)
{
	for (struct console *con = READ_ONCE(consoles); con; con = con->next)
		if (!name || !strcmp(con->name, name))
			return true;
	return false;
}

/* printk.h */
void printk_panic(void)
{
	WRITE_ONCE(panicking, true);
	console_loglevel = CONSOLE_LOGLEVEL_MOTORMOUTH;
	if (last)
		last->open = false;
	console_flush();
}

/* --- readers --- */

/* printk.h */
kssize_t kmsg_read(u64 *seq, char *buf, size_t size)
{
	struct log_pos pos = { .seq = *seq };
	struct log_record *r;
	unsigned long flags;
	kssize_t n = 0;

	if (!take(&log_lock_word, &flags, true))
		return 0;
	r = log_find(&pos);
	if (*seq < first.seq) {
		*seq = first.seq;
		n = -EPIPE;
	} else if (r) {
		n = format_kmsg(buf, size, r, pos.seq);
		if (n > 0)
			*seq = pos.seq + 1;
	}
	give(&log_lock_word, flags);
	return n;
}

/* printk.h */
u64 kmsg_first_seq(void) { return READ_ONCE(first.seq); }
u64 kmsg_next_seq(void) { return READ_ONCE(next.seq); }
u64 kmsg_clear_seq(void) { return MAX(READ_ONCE(clear_pos.seq), READ_ONCE(first.seq)); }

/* printk.h */
kssize_t syslog_record(u64 *seq, char *buf, size_t size)
{
	struct log_pos pos = { .seq = *seq };
	struct log_record *r;
	unsigned long flags;
	kssize_t n = 0;

	if (!take(&log_lock_word, &flags, true))
		return 0;
	r = log_find(&pos);
	if (r) {
		n = format_lines(buf, size, r, true);
		if (n)
			*seq = pos.seq + 1;
		else
			n = -EINVAL;
	}
	give(&log_lock_word, flags);
	return n;
}

/* The bytes syslog(2) makes of the records from @pos on. => log_lock held */
static size_t text_size_from(struct log_pos pos)
{
	size_t size = 0;

	for (struct log_record *r; (r = log_find(&pos)); pos.seq++)
		size += lines_size(r);
	return size;
}

/* printk.h */
u64 syslog_first_seq(size_t size)
{
	struct log_pos pos = { .seq = clear_pos.seq };
	struct log_record *r;
	unsigned long flags;
	size_t total;

	if (!take(&log_lock_word, &flags, true))
		return next.seq;
	total = text_size_from(pos);
	for (; total > size && (r = log_find(&pos)); pos.seq++)
		total -= lines_size(r);
	give(&log_lock_word, flags);
	return pos.seq;
}

/* printk.h */
kssize_t syslog_read_all(char *buf, size_t size, bool clear)
{
	u64 seq = syslog_first_seq(size);
	size_t done = 0;
	kssize_t n;

	while ((n = syslog_record(&seq, buf + done, size - done)) > 0)
		done += n;
	if (clear)
		syslog_clear();
	return done;
}

/* printk.h */
void syslog_clear(void)
{
	clear_pos.seq = READ_ONCE(next.seq);
}

/* printk.h. A record larger than what is left of @buf is given in parts. */
kssize_t syslog_read(char *buf, size_t size)
{
	static char text[LOG_TEXT_MAX];		/* log_lock */
	size_t done = 0;
	unsigned long flags;

	if (!take(&log_lock_word, &flags, true))
		return 0;
	while (done < size) {
		struct log_pos pos = { .seq = syslog_seq };
		struct log_record *r = log_find(&pos);
		size_t n, part;

		if (!r)
			break;
		if (pos.seq != syslog_seq)
			syslog_done = 0;
		syslog_seq = pos.seq;
		n = format_lines(text, sizeof(text), r, true);
		syslog_done = MIN(syslog_done, n);
		part = MIN(n - syslog_done, size - done);
		memcpy(buf + done, text + syslog_done, part);
		done += part;
		syslog_done += part;
		if (syslog_done == n) {
			syslog_seq++;
			syslog_done = 0;
		}
	}
	give(&log_lock_word, flags);
	return done;
}

/* printk.h */
size_t syslog_unread(void)
{
	unsigned long flags;
	size_t n;

	if (!take(&log_lock_word, &flags, true))
		return 0;
	n = text_size_from((struct log_pos){ .seq = syslog_seq });
	n -= MIN(n, syslog_done);
	give(&log_lock_word, flags);
	return n;
}

/* printk.h */
size_t syslog_buffer_size(void) { return LOG_BUF_LEN; }

/* --- parameters --- */

static int set_quiet(const char *value)
{
	console_loglevel = CONSOLE_LOGLEVEL_QUIET;
	return 0;
}
CTL_PARAM("quiet", set_quiet);

static int set_debug(const char *value)
{
	console_loglevel = 10;		/* Linux's CONSOLE_LOGLEVEL_DEBUG */
	return 0;
}
CTL_PARAM("debug", set_debug);

static int set_loglevel(const char *value)
{
	int level, err = kstrtoint(value, 0, &level);

	if (!err)
		console_loglevel = level;
	return err;
}
CTL_PARAM("loglevel", set_loglevel);

static int set_ignore_loglevel(const char *value)
{
	console_loglevel = CONSOLE_LOGLEVEL_MOTORMOUTH;
	return 0;
}
CTL_PARAM("ignore_loglevel", set_ignore_loglevel);

static int set_printk_time(const char *value)
{
	return *value ? kstrtobool(value, &printk_time) : 0;
}
CTL_PARAM("printk.time", set_printk_time);

CTL_SYSCTL("kernel.printk", .mode = 0644, .type = CTL_INT_ARRAY, .data = console_printk, .len = 4,
	   .min = 0, .max = INT32_MAX);
