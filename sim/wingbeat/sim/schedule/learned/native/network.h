// The parameters of `wingbeat.sim.schedule.learned.network`, one after the other as `SHAPES` has
// them, and the scores. EMBEDDING and the other sizes are defined when this is compiled.
#pragma once

struct Network {
    const double *pair, *task, *queue, *embedding, *job, *jobs, *hidden_bias, *out;
    const double *pair_out, *task_out, *queue_out, *out_bias;

    explicit Network(const double *p) {
        auto take = [&p](int count) {
            const double *first = p;
            p += count;
            return first;
        };
        take(NODE_FEATURES * EMBEDDING + EMBEDDING + 2 * EMBEDDING * EMBEDDING);
        pair = take(PAIR_FEATURES * HIDDEN);
        task = take(TASK_FEATURES * HIDDEN);
        queue = take(QUEUE_FEATURES * HIDDEN);
        embedding = take(EMBEDDING * HIDDEN);
        job = take(EMBEDDING * HIDDEN);
        jobs = take(EMBEDDING * HIDDEN);
        hidden_bias = take(HIDDEN);
        out = take(HIDDEN);
        pair_out = take(PAIR_FEATURES);
        task_out = take(TASK_FEATURES);
        queue_out = take(QUEUE_FEATURES);
        out_bias = take(1);
    }
};

// hidden += values x matrix
inline void multiply(const double *values, int count, const double *matrix, double *hidden) {
    for (int i = 0; i < count; ++i) {
        const double value = values[i], *row = matrix + i * HIDDEN;
        for (int h = 0; h < HIDDEN; ++h) hidden[h] += value * row[h];
    }
}

inline double dot(const double *a, const double *b, int count) {
    double sum = 0;
    for (int i = 0; i < count; ++i) sum += a[i] * b[i];
    return sum;
}
