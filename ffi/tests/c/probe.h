/* Functions that do little, so that what a test sees is how they were called. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROBE_ANSWER 42
#define PROBE_BIG 0x123456789abcdefLL
#define PROBE_NAME "probe"
#define PROBE_RATIO 2.5
#define PROBE_TWICE(x) ((x) * 2)
#define probe_alias probe_add_int

int8_t probe_add_int8(int8_t a, int8_t b);
uint8_t probe_add_uint8(uint8_t a, uint8_t b);
int16_t probe_add_int16(int16_t a, int16_t b);
uint16_t probe_add_uint16(uint16_t a, uint16_t b);
int probe_add_int(int a, int b);
unsigned probe_add_unsigned(unsigned a, unsigned b);
int64_t probe_add_int64(int64_t a, int64_t b);
uint64_t probe_add_uint64(uint64_t a, uint64_t b);
float probe_add_float(float a, float b);
double probe_add_double(double a, double b);
bool probe_not(bool a);
void probe_nothing(void);
long double probe_half(long double x);
void *probe_pointer(void *p);
const char *probe_greeting(void);
double _Complex probe_conjugate(double _Complex z);
float _Complex probe_conjugate_float(float _Complex z);

/* More than there are registers, of both kinds, and small integers on the stack. */
double probe_many(int8_t a, double b, int c, float d, int64_t e, double f, uint8_t g, float h, int i, double j, int16_t k,
                  double l, int64_t m, double n, bool o, double p, uint16_t q, double r, int8_t s, float t);

/* The number of arguments stands first. */
double probe_sum(int count, ...);
int probe_format(char *to, size_t size, const char *format, ...);

enum color { RED, GREEN = 5, BLUE };
enum color probe_next(enum color c);
enum below { MINUS = -1, ZERO };
enum below probe_minus(void);

struct pair { int a, b; };
struct mixed { float x; int n; double d; };
struct bytes3 { uint8_t b[3]; };
struct large { int64_t v[5]; };
struct floats { float x, y, z; };
union number { int32_t i; double d; uint8_t bytes[8]; };
struct bits { int a : 3; unsigned b : 5; bool c : 1; int64_t wide : 40; unsigned e : 17; };
struct __attribute__((packed)) packed { char c; int i; double d; };
struct tree { int value; struct tree *left, *right; };
struct empty { };

struct pair probe_swap(struct pair p);
struct mixed probe_mixed(struct mixed m, int n);
struct bytes3 probe_rotate(struct bytes3 b);
struct large probe_large(struct large l, int64_t n);
struct floats probe_scale(struct floats f, float by);
union number probe_union(union number n);
struct bits probe_bits(struct bits b);
struct packed probe_packed(struct packed p);
/* Two integer registers are left for the struct, then one, then none. */
int64_t probe_crowded(int64_t a, int64_t b, int64_t c, int64_t d, struct pair e, struct large f, struct mixed g, struct pair h,
                      int64_t i);
int probe_tree_sum(const struct tree *t);

int probe_call(int (*f)(int, int), int a, int b);
double probe_call_double(double (*f)(double, float), double a, float b);
struct mixed probe_call_mixed(struct mixed (*f)(struct mixed, struct large), struct mixed m);
struct large probe_call_large(struct large (*f)(int), int n);
struct bytes3 probe_call_bytes(struct bytes3 (*f)(struct bytes3), struct bytes3 b);
bool probe_call_bool(bool (*f)(bool));
int8_t probe_call_int8(int8_t (*f)(int8_t, uint8_t), int8_t a, uint8_t b);
int probe_repeat(int (*f)(int), int count);
void probe_keep(void (*f)(int));
void probe_call_kept(int n);
int probe_call_on_thread(int (*f)(int), int n);
struct handler { int (*function)(void *state, int n); void *state; };
int probe_handle(struct handler h, int n);

extern int probe_counter;
extern const int probe_constant;
extern struct pair probe_pair;
extern int probe_array[4];
extern const char *probe_text;

int probe_set_errno(int value);
