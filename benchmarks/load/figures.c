/* Samples, and what is said of them. */
#include "load.h"
#include <stdlib.h>

void add(struct sample *sample, uint32_t value) {
    if (sample->count == sample->room) {
        sample->room = sample->room ? 2 * sample->room : 256;
        sample->values = realloc(sample->values, sample->room * sizeof *sample->values);
        if (!sample->values)
            lost("no memory left for the samples");
    }
    sample->values[sample->count++] = value;
}

static int compare(const void *a, const void *b) {
    uint32_t one = *(const uint32_t *)a, other = *(const uint32_t *)b;
    return (one > other) - (one < other);
}

/* The smallest value that so many of all (0 to 1) do not exceed; 0 of none. Sorts the sample. */
double percentile(struct sample *sample, double share) {
    if (!sample->count)
        return 0;
    qsort(sample->values, sample->count, sizeof *sample->values, compare);
    size_t at = (size_t)(share * (double)(sample->count - 1) + 0.5);
    return sample->values[at];
}
