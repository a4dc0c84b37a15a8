/* Samples and percentiles. */
#include "load.h"
#include <stdlib.h>

void add(struct sample *sample, uint32_t value) {
    if (sample->count == sample->room) {
        sample->room = sample->room ? 2 * sample->room : 256;
        sample->values = realloc(sample->values, sample->room * sizeof *sample->values);
        if (!sample->values)
            fail("out of memory");
    }
    sample->values[sample->count++] = value;
}

static int compare(const void *a, const void *b) {
    uint32_t one = *(const uint32_t *)a, other = *(const uint32_t *)b;
    return (one > other) - (one < other);
}

/* The value below which a share (0 to 1) of the sample lies; 0 if it is empty. Sorts the sample. */
double percentile(struct sample *sample, double share) {
    if (!sample->count)
        return 0;
    qsort(sample->values, sample->count, sizeof *sample->values, compare);
    size_t at = (size_t)(share * (double)(sample->count - 1) + 0.5);
    return sample->values[at];
}
