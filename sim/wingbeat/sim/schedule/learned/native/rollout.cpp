// Whole episodes of the policy: what `policy.py` decides and `view.py` sees, without Python.

#include "emulator.h"
#include "network.h"

// The rows of `table.py`, one a task of every graph.
struct Table {
    const double *rows;
    int elements;

    int width() const { return 4 * elements + EMBEDDING + HIDDEN + 3; }
    const double *row(int task) const { return rows + int64_t(task) * width(); }
    const double *outlook(const double *row) const { return row + elements; }
    const double *share(const double *row) const { return row + 2 * elements; }
    const double *regret(const double *row) const { return row + 3 * elements; }
    const double *embedding(const double *row) const { return row + 4 * elements; }
    const double *hidden(const double *row) const { return row + 4 * elements + EMBEDDING; }
    double least(const double *row) const { return row[width() - 3]; }
    double rank(const double *row) const { return row[width() - 2]; }
    double fan_out(const double *row) const { return row[width() - 1]; }
};

struct Record {
    double embedding[EMBEDDING] = {}, work = 0, left = 1, scale = 1;
};

class View {
  public:
    View(Emulator &emulator, const Table &table, const double *scales, const Network &network)
        : emulator_(emulator), table_(table), scales_(scales), network_(network),
          pressure_(table.elements) {}

    // Places one task; false if all that are left should wait.
    bool place() {
        arrived();
        Emulator &emulator = emulator_;
        const int count = table_.elements;
        free_.clear();
        for (int e = 0; e < count; ++e)
            if (emulator.elements[e].running == kNone && emulator.elements[e].queue.empty())
                free_.push_back(e);
        const std::vector<int> &ready = emulator.ready;
        if (free_.empty() || ready.empty()) return false;
        see();
        double best = 0;
        int task = kNone, element = kNone;
        for (size_t r = 0; r < ready.size(); ++r) {
            task_features(int(r));
            for (int e : free_) {
                if (table_.row(emulator.tasks[ready[r]].row)[e] >= FAR) continue;
                double score = pair_score(int(r), e);
                if (task == kNone || score > best + ROUNDING) best = score, task = ready[r], element = e;
            }
        }
        if (task == kNone || (best <= 0 && int(free_.size()) != count)) return false;
        emulator.commit(task, element);
        placed(task);
        return true;
    }

  private:
    Emulator &emulator_;
    const Table &table_;
    const double *scales_;
    const Network &network_;
    std::vector<Record> records_;
    std::vector<double> pressure_, shares_, available_;
    double embedding_[EMBEDDING] = {}, work_ = 0, unit_ = 1;
    std::vector<int> free_;
    std::vector<double> leading_;
    std::vector<int> place_;
    double highest_ = 0, queue_hidden_[HIDDEN], queue_score_ = 0;
    double task_hidden_[HIDDEN], task_score_ = 0;
    double finish_best_ = 0, finish_second_ = 0, whole_best_ = 0;

    void placed(int number) {
        const Task &task = emulator_.tasks[number];
        const double *row = table_.row(task.row);
        const double size = emulator_.graphs.size(emulator_.jobs[task.job].graph);
        Record &record = records_[task.job];
        for (int i = 0; i < EMBEDDING; ++i) {
            double part = table_.embedding(row)[i] / size;
            record.embedding[i] -= part;
            embedding_[i] -= part;
        }
        record.work -= table_.least(row);
        record.left -= 1.0 / size;
        work_ -= table_.least(row);
        for (int e = 0; e < table_.elements; ++e) pressure_[e] -= table_.share(row)[e];
    }

    void arrived() {
        for (size_t j = records_.size(); j < emulator_.jobs.size(); ++j) {
            const Job &job = emulator_.jobs[j];
            Record record;
            record.scale = scales_[job.graph];
            const int base = emulator_.graphs.base[job.graph];
            const int size = emulator_.graphs.size(job.graph);
            for (int t = base; t < base + size; ++t) {
                const double *row = table_.row(t);
                for (int i = 0; i < EMBEDDING; ++i)
                    record.embedding[i] += table_.embedding(row)[i] / size;
                record.work += table_.least(row);
                for (int e = 0; e < table_.elements; ++e) pressure_[e] += table_.share(row)[e];
            }
            for (int i = 0; i < EMBEDDING; ++i) embedding_[i] += record.embedding[i];
            work_ += record.work;
            records_.push_back(record);
        }
    }

    // What all pairs have in common.
    void see() {
        Emulator &emulator = emulator_;
        const int count = table_.elements;
        const double live = double(emulator.live.size());
        double scale = 0;
        place_.resize(emulator.jobs.size());
        leading_.resize(emulator.jobs.size());
        for (size_t p = 0; p < emulator.live.size(); ++p) {
            int job = emulator.live[p];
            scale += records_[job].scale;
            place_[job] = int(p);
            leading_[job] = 0;
        }
        unit_ = live / scale;
        highest_ = 1;
        shares_.assign(count, 0);
        for (int task : emulator.ready) {
            const double *row = table_.row(emulator.tasks[task].row);
            double &leading = leading_[emulator.tasks[task].job];
            leading = std::max(leading, table_.rank(row));
            highest_ = std::max(highest_, table_.rank(row));
            for (int e = 0; e < count; ++e) shares_[e] += table_.share(row)[e];
        }
        available_.resize(count);
        double soonest = 0, sum = 0;
        for (int e = 0; e < count; ++e) {
            double time = double(emulator.available(e) - emulator.now);
            available_[e] = time;
            sum += time;
            if (time > 0 && (soonest == 0 || time < soonest)) soonest = time;
        }
        const double queue[QUEUE_FEATURES] = {
            std::log1p(live),
            std::log1p(double(emulator.ready.size())),
            std::log1p(double(count) / double(free_.size())),
            std::log1p(sum / count * unit_),
            std::log1p(std::max(0.0, work_) * unit_ / count),
            std::log1p(double(count)),
            std::log1p(soonest * unit_),
        };
        double jobs[EMBEDDING];
        for (int i = 0; i < EMBEDDING; ++i) jobs[i] = embedding_[i] / live;
        std::copy_n(network_.hidden_bias, HIDDEN, queue_hidden_);
        multiply(queue, QUEUE_FEATURES, network_.queue, queue_hidden_);
        multiply(jobs, EMBEDDING, network_.jobs, queue_hidden_);
        queue_score_ = dot(queue, network_.queue_out, QUEUE_FEATURES) + network_.out_bias[0];
    }

    // What all pairs of a task have in common.
    void task_features(int place) {
        const Task &task = emulator_.tasks[emulator_.ready[place]];
        const Record &record = records_[task.job];
        const double *row = table_.row(task.row);
        const double now = double(emulator_.now);
        double data = 1e300;
        finish_best_ = finish_second_ = whole_best_ = 1e300;
        for (int e = 0; e < table_.elements; ++e) {
            double wait = std::max(0.0, double(task.data[e]) - now);
            data = std::min(data, wait);
            double finish = std::max(wait, available_[e]) + row[e];
            whole_best_ = std::min(whole_best_, finish + table_.outlook(row)[e]);
            if (finish < finish_best_) finish_second_ = finish_best_, finish_best_ = finish;
            else if (finish < finish_second_) finish_second_ = finish;
        }
        if (table_.elements == 1) finish_second_ = finish_best_;
        auto log = [this](double time) { return std::log1p(std::max(0.0, time * unit_)); };
        const double features[TASK_FEATURES] = {
            log(table_.rank(row)),
            log(now - double(emulator_.jobs[task.job].arrival)),
            log(record.work),
            log(data),
            std::log1p(table_.fan_out(row)),
            record.left,
            double(place_[task.job]) / double(emulator_.live.size()),
            place_[task.job] == 0 ? 1.0 : 0.0,
            table_.rank(row) / std::max(1.0, leading_[task.job]),
            table_.rank(row) / highest_,
        };
        for (int h = 0; h < HIDDEN; ++h) task_hidden_[h] = queue_hidden_[h] + table_.hidden(row)[h];
        multiply(features, TASK_FEATURES, network_.task, task_hidden_);
        multiply(record.embedding, EMBEDDING, network_.job, task_hidden_);
        task_score_ = queue_score_ + dot(features, network_.task_out, TASK_FEATURES);
    }

    double pair_score(int place, int e) const {
        const Task &task = emulator_.tasks[emulator_.ready[place]];
        const double *row = table_.row(task.row);
        const double wait = std::max(0.0, double(task.data[e]) - double(emulator_.now));
        const double finish = std::max(wait, available_[e]) + row[e];
        const double times[PAIR_FEATURES] = {
            wait,
            row[e],
            row[e] - table_.least(row),
            finish - finish_best_,
            finish_second_ - finish,
            finish + table_.outlook(row)[e] - whole_best_,
            table_.regret(row)[e],
            shares_[e] - table_.share(row)[e],
            pressure_[e] / double(emulator_.live.size()),
        };
        double features[PAIR_FEATURES], hidden[HIDDEN];
        for (int i = 0; i < PAIR_FEATURES; ++i)
            features[i] = std::log1p(std::clamp(times[i] * unit_, 0.0, double(FARTHEST)));
        std::copy_n(task_hidden_, HIDDEN, hidden);
        multiply(features, PAIR_FEATURES, network_.pair, hidden);
        double score = task_score_ + dot(features, network_.pair_out, PAIR_FEATURES);
        for (int h = 0; h < HIDDEN; ++h) score += std::max(0.0, hidden[h]) * network_.out[h];
        return score;
    }
};

extern "C" void rollout(const Graphs *graphs, const Arrivals *arrivals, const double *rows,
                        const double *scales, const double *parameters, Outcome *outcome) {
    Emulator emulator(*graphs, *arrivals);
    Table table{rows, graphs->elements};
    Network network(parameters);
    View view(emulator, table, scales, network);
    while (emulator.advance())
        while (view.place()) {
        }
    *outcome = emulator.ended();
}
