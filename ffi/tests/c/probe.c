#include "probe.h"
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>

int8_t probe_add_int8(int8_t a, int8_t b) { return (int8_t)(a + b); }
uint8_t probe_add_uint8(uint8_t a, uint8_t b) { return (uint8_t)(a + b); }
int16_t probe_add_int16(int16_t a, int16_t b) { return (int16_t)(a + b); }
uint16_t probe_add_uint16(uint16_t a, uint16_t b) { return (uint16_t)(a + b); }
int probe_add_int(int a, int b) { return a + b; }
unsigned probe_add_unsigned(unsigned a, unsigned b) { return a + b; }
int64_t probe_add_int64(int64_t a, int64_t b) { return a + b; }
uint64_t probe_add_uint64(uint64_t a, uint64_t b) { return a + b; }
float probe_add_float(float a, float b) { return a + b; }
double probe_add_double(double a, double b) { return a + b; }
bool probe_not(bool a) { return !a; }
void probe_nothing(void) { }
long double probe_half(long double x) { return x / 2; }
void *probe_pointer(void *p) { return p; }
const char *probe_greeting(void) { return "hello"; }
double _Complex probe_conjugate(double _Complex z) { return __builtin_conj(z); }
float _Complex probe_conjugate_float(float _Complex z) { return __builtin_conjf(z); }

double probe_many(int8_t a, double b, int c, float d, int64_t e, double f, uint8_t g, float h, int i, double j, int16_t k,
                  double l, int64_t m, double n, bool o, double p, uint16_t q, double r, int8_t s, float t) {
    return a + b * 2 + c * 3 + d * 4 + e * 5 + f * 6 + g * 7 + h * 8 + i * 9 + j * 10 + k * 11 + l * 12 + m * 13 + n * 14 +
           o * 15 + p * 16 + q * 17 + r * 18 + s * 19 + t * 20;
}

double probe_sum(int count, ...) {
    va_list args;
    double sum = 0;
    va_start(args, count);
    while (count-- > 0) sum += va_arg(args, double);
    va_end(args);
    return sum;
}

int probe_format(char *to, size_t size, const char *format, ...) {
    va_list args;
    va_start(args, format);
    int length = vsnprintf(to, size, format, args);
    va_end(args);
    return length;
}

enum color probe_next(enum color c) { return c == RED ? GREEN : c == GREEN ? BLUE : RED; }
enum below probe_minus(void) { return MINUS; }

struct pair probe_swap(struct pair p) { return (struct pair){p.b, p.a}; }
struct mixed probe_mixed(struct mixed m, int n) { return (struct mixed){m.x + n, m.n + n, m.d + n}; }
struct bytes3 probe_rotate(struct bytes3 b) { return (struct bytes3){{b.b[1], b.b[2], b.b[0]}}; }
struct large probe_large(struct large l, int64_t n) {
    for (int i = 0; i < 5; i++) l.v[i] += n;
    return l;
}
struct floats probe_scale(struct floats f, float by) { return (struct floats){f.x * by, f.y * by, f.z * by}; }
union number probe_union(union number n) { n.i += 1; return n; }
struct bits probe_bits(struct bits b) {
    b.a = -b.a;
    b.b += 1;
    b.c = !b.c;
    b.wide *= 2;
    b.e += 1;
    return b;
}
struct packed probe_packed(struct packed p) { return (struct packed){p.c + 1, p.i + 1, p.d + 1}; }
int64_t probe_crowded(int64_t a, int64_t b, int64_t c, int64_t d, struct pair e, struct large f, struct mixed g, struct pair h,
                      int64_t i) {
    return a + b * 2 + c * 3 + d * 4 + e.a * 5 + e.b * 6 + f.v[0] * 7 + f.v[4] * 8 + (int64_t)g.x * 9 + g.n * 10 +
           (int64_t)g.d * 11 + h.a * 12 + h.b * 13 + i * 14;
}
int probe_tree_sum(const struct tree *t) { return t ? t->value + probe_tree_sum(t->left) + probe_tree_sum(t->right) : 0; }

int probe_call(int (*f)(int, int), int a, int b) { return f(a, b); }
double probe_call_double(double (*f)(double, float), double a, float b) { return f(a, b); }
struct mixed probe_call_mixed(struct mixed (*f)(struct mixed, struct large), struct mixed m) {
    return f(m, (struct large){{1, 2, 3, 4, 5}});
}
struct large probe_call_large(struct large (*f)(int), int n) { return f(n); }
struct bytes3 probe_call_bytes(struct bytes3 (*f)(struct bytes3), struct bytes3 b) { return f(b); }
bool probe_call_bool(bool (*f)(bool)) { return f(true) && !f(false); }
int8_t probe_call_int8(int8_t (*f)(int8_t, uint8_t), int8_t a, uint8_t b) { return f(a, b); }
int probe_repeat(int (*f)(int), int count) {
    int sum = 0;
    for (int i = 0; i < count; i++) sum += f(i);
    return sum;
}

static void (*kept)(int);
void probe_keep(void (*f)(int)) { kept = f; }
void probe_call_kept(int n) { if (kept) kept(n); }

struct work { int (*f)(int); int n; };
static void *run(void *w) {
    struct work *work = w;
    work->n = work->f(work->n);
    return NULL;
}
int probe_call_on_thread(int (*f)(int), int n) {
    struct work work = {f, n};
    pthread_t thread;
    if (pthread_create(&thread, NULL, run, &work) != 0) return -1;
    pthread_join(thread, NULL);
    return work.n;
}
int probe_handle(struct handler h, int n) { return h.function(h.state, n); }

int probe_counter = 7;
const int probe_constant = 11;
struct pair probe_pair = {3, 4};
int probe_array[4] = {1, 2, 3, 4};
const char *probe_text = "text";

int probe_set_errno(int value) {
    errno = value;
    return -1;
}
