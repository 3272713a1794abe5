// The twin of binary_trees.lua, with malloc and free.
#include <stdio.h>
#include <stdlib.h>

typedef struct Tree {
  struct Tree *left, *right;
} Tree;

static Tree *build(int levels) {
  Tree *t = malloc(sizeof *t);
  if (t == NULL) abort();
  t->left = levels == 0 ? NULL : build(levels - 1);
  t->right = levels == 0 ? NULL : build(levels - 1);
  return t;
}

static long count(const Tree *t) { return t->left == NULL ? 1 : 1 + count(t->left) + count(t->right); }

static void drop(Tree *t) {
  if (t == NULL) return;
  drop(t->left);
  drop(t->right);
  free(t);
}

int main(int argc, char **argv) {
  int depth = argc > 1 ? atoi(argv[1]) : 15, least = 4;
  Tree *lasting = build(depth);
  for (int levels = least; levels <= depth; levels += 2) {
    long trees = 1L << (depth - levels + least), nodes = 0;
    for (long i = 0; i < trees; i++) {
      Tree *t = build(levels);
      nodes += count(t);
      drop(t);
    }
    printf("%ld trees of depth %d: %ld nodes\n", trees, levels, nodes);
  }
  printf("lasting tree: %ld nodes\n", count(lasting));
  drop(lasting);
  return 0;
}
