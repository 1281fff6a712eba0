/* SPDX-License-Identifier: MIT
 *
 * control_calls.c: an indirect call, an indirect jump, and a call that is not the HAL's: what
 * check_calls.sh must be able to see in every compiler's output.
 */
#ifdef __cplusplus
extern "C" {
#endif
void *memset(void *at, int byte, __SIZE_TYPE__ size);
int control_call(int (*f)(int), int x);
int control_jump(int (*f)(int), int x);
void control_memset(char *at, __SIZE_TYPE__ size);

int control_call(int (*f)(int), int x) {
    return f(x) + 1;
}
int control_jump(int (*f)(int), int x) {
    return f(x + 1);
}
void control_memset(char *at, __SIZE_TYPE__ size) {
    memset(at, 0, size);
    at[0] = 1;
}
#ifdef __cplusplus
}
#endif
