/* SPDX-License-Identifier: MIT
 *
 * control_stack.c: a deep call, a recursion, a frame of dynamic size and an indirect call: what
 * check_stack.sh must be able to see in gcc's call graph.
 */
void touch(volatile char *at, int size);
int use_deep(int x);
int use_recursion(int x);
int use_dynamic(int x);
int use_indirect(int (*f)(int), int x);

__attribute__((noinline, noclone)) static int bottom(int x) {
    volatile char bytes[1000];
    touch(bytes, x);
    return bytes[0];
}
__attribute__((noinline, noclone)) static int middle(int x) {
    volatile char bytes[100];
    touch(bytes, x);
    return bottom(x) + bytes[0];
}
int use_deep(int x) {
    return middle(x) + 1;
}
int use_recursion(int x) {
    volatile char bytes[10];
    touch(bytes, x);
    return x == 0 ? bytes[0] : use_recursion(x - 1) + bytes[1];
}
int use_dynamic(int x) {
    volatile char bytes[x];
    touch(bytes, x);
    return bytes[0];
}
int use_indirect(int (*f)(int), int x) {
    return f(x) + 1;
}
