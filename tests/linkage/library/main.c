#include <stdio.h>

extern size_t linkage_count(void);

int main(void) {
    printf("%zu\n", linkage_count());
    return 0;
}
