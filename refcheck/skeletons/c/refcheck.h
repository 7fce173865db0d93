/* The worker protocol of refcheck for C and C++, without a JSON library.
 *
 * Requests come without spaces, with their fields in a fixed order and "params" last,
 * so that a field is where its name is first seen.  Arrays here are double alone. */
#ifndef REFCHECK_H
#define REFCHECK_H
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct { double *data; long shape[4], size; } rc_array;

static char *rc_line;       /* the request */
static long rc_id;
static const char *rc_error; /* why it is refused, if it is */
static const char rc_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* Return what follows "name": in the request, or NULL. */
static const char *rc_field(const char *name) {
  char key[256];
  snprintf(key, sizeof key, "\"%s\":", name);
  const char *at = rc_line ? strstr(rc_line, key) : NULL;
  return at ? at + strlen(key) : NULL;
}

static long rc_integer(const char *name) {
  const char *at = rc_field(name);
  return at ? strtol(at, NULL, 10) : 0;
}

static int rc_is(const char *op) {
  const char *at = rc_field("op");
  size_t n = strlen(op);
  return at && strncmp(at + 1, op, n) == 0 && at[n + 1] == '"';
}

/* Return the array at `at`; refuse it unless its shape is `expected` (-1: any). */
static rc_array rc_read(const char *at, const char *name, int axes, const long *expected) {
  rc_array a = {NULL, {0, 0, 0, 0}, 1};
  int k = 0;
  const char *dtype = at ? strstr(at, "\"dtype\":\"float64\"") : NULL;
  const char *shape = at ? strstr(at, "\"shape\":[") : NULL;
  const char *data = at ? strstr(at, "\"data\":\"") : NULL;
  rc_error = dtype && dtype == at + 1 && shape && data ? rc_error : name;
  if (rc_error) return a;
  for (const char *s = shape + 9; *s != ']'; s += *s == ',') {
    long n = strtol(s, (char **)&s, 10);
    if (k >= axes || (expected[k] >= 0 && n != expected[k])) { rc_error = name; return a; }
    a.shape[k++] = n;
    a.size *= n;
  }
  if (k != axes) { rc_error = name; return a; }
  size_t bytes = (size_t)a.size * sizeof(double), n = 0;
  unsigned char *out = (unsigned char *)calloc(bytes + 1, 1);
  unsigned bits = 0, held = 0;
  for (const char *s = data + 8; *s && *s != '"' && *s != '='; s++) {
    const char *digit = strchr(rc_digits, *s);
    bits = bits << 6 | (unsigned)(digit ? digit - rc_digits : 0);
    held += 6;
    if (held >= 8 && n < bytes) { held -= 8; out[n++] = (unsigned char)(bits >> held); }
  }
  a.data = (double *)out;
  if (n != bytes) rc_error = name;
  return a;
}

static rc_array rc_get(const char *name, int axes, const long *expected) {
  return rc_read(rc_field(name), name, axes, expected);
}

/* The one array of the state; data is NULL where no state is given. */
static rc_array rc_get_state(const char *name, int axes, const long *expected) {
  const char *at = rc_field(name);
  rc_array none = {NULL, {0, 0, 0, 0}, 0};
  if (at && *at == 'n') return none;
  if (at && *at == '[' && at[1] == '{') {
    const char *end = strchr(at, '}');
    if (end && end[1] == ']') return rc_read(at + 1, name, axes, expected);
  }
  rc_error = name;
  return none;
}

/* Write "name":array, with what stands before and after it. */
static void rc_put(const char *before, const double *data, int axes, const long *shape,
                   const char *after) {
  size_t bytes = sizeof(double);
  printf("%s{\"dtype\":\"float64\",\"shape\":[", before);
  for (int k = 0; k < axes; k++) {
    printf("%s%ld", k ? "," : "", shape[k]);
    bytes *= (size_t)shape[k];
  }
  printf("],\"data\":\"");
  const unsigned char *p = (const unsigned char *)data;
  for (size_t k = 0; k < bytes; k += 3) {
    unsigned left = bytes - k > 2 ? 3 : (unsigned)(bytes - k);
    unsigned v = (unsigned)p[k] << 16 | (left > 1 ? (unsigned)p[k + 1] << 8 : 0) |
                 (left > 2 ? (unsigned)p[k + 2] : 0);
    putchar(rc_digits[v >> 18]);
    putchar(rc_digits[v >> 12 & 63]);
    putchar(left > 1 ? rc_digits[v >> 6 & 63] : '=');
    putchar(left > 2 ? rc_digits[v & 63] : '=');
  }
  printf("\"}%s", after);
}

/* Begin a reply: {"id":…, */
static void rc_reply(void) { printf("{\"id\":%ld,", rc_id); }

static void rc_refuse(const char *kind, const char *message) {
  rc_reply();
  printf("\"error\":{\"kind\":\"%s\",\"message\":\"%s\"}}", kind, message);
}

/* Read the next request; 0 at the end.  The last reply is sent before. */
static int rc_next(void) {
  static size_t room = 0;
  size_t used = 0;
  if (rc_line) putchar('\n');
  fflush(stdout);
  rc_error = NULL;
  do {
    if (room - used < 2) rc_line = (char *)realloc(rc_line, room = room * 2 + 4096);
    if (!rc_line || !fgets(rc_line + used, (int)(room - used), stdin)) return 0;
    used += strlen(rc_line + used);
  } while (rc_line[used - 1] != '\n');
  rc_id = rc_integer("id");
  return 1;
}
#endif
