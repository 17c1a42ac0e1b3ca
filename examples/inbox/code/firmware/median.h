#ifndef MEDIAN_H
#define MEDIAN_H

/* Median of `count` values; sorts them in place. */
static float median(float *values, int count)
{
    for (int i = 1; i < count; i++)
        for (int j = i; j > 0 && values[j - 1] > values[j]; j--) {
            float swap = values[j];
            values[j] = values[j - 1];
            values[j - 1] = swap;
        }
    return values[count / 2];
}

#endif
