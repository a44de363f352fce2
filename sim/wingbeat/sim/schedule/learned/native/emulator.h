// The emulator of `wingbeat.sim.soc.emulator`, for whole episodes without Python.
// What is called what, and the order of events, is as there; a test holds the two together.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <queue>
#include <tuple>
#include <vector>

constexpr int kNone = -1;
constexpr int64_t kUnlimited = -1;

// One entry a task of every graph, `base[graph]` being a graph's first.
struct Graphs {
    int elements;
    const int32_t *base;               // of graphs, one more at the end
    const int64_t *costs;              // tasks x elements
    const int32_t *first_predecessor;  // of tasks, one more at the end: edges, by successor
    const int32_t *predecessor;        // of edges, its number within the graph
    const int64_t *transfer;           // of edges, elements x elements
    const int32_t *first_successor;
    const int32_t *successor;

    int size(int graph) const { return base[graph + 1] - base[graph]; }
};

struct Arrivals {
    int count;
    const int64_t *gaps;
    const int32_t *graphs;
    int64_t limit;
    int32_t filled;
    int64_t horizon;
    double noise;
    const double *deviations;  // of the tasks of all jobs, in the order in which they are let in
};

struct Outcome {
    double finished, latency, censored, waited, rejected, end, makespan;
};

struct Element {
    int running = kNone;
    std::vector<int> queue;
};

struct Job {
    int graph, first, unfinished;
    int64_t arrival;
};

struct Task {
    int job = 0, row = 0, missing = 0;
    int element = kNone;
    int64_t start = 0, finish = 0;
    double deviation = 0;
    std::vector<int64_t> data;
};

class Emulator {
  public:
    const Graphs &graphs;
    int64_t now = 0;
    std::vector<Job> jobs;
    std::vector<Task> tasks;
    std::vector<Element> elements;
    std::vector<int> live, ready;
    Outcome outcome{};

    Emulator(const Graphs &graphs, const Arrivals &arrivals)
        : graphs(graphs), elements(graphs.elements), arrivals_(arrivals) {
        if (arrivals.filled)
            for (int64_t i = 0; i < arrivals.limit && next_ < arrivals.count; ++i)
                let_in(arrivals.graphs[next_++]);
        fetch();
        if (!ready.empty()) events_.emplace(0, kData, 0);
    }

    // Goes to the next tick at which a task is ready; false at the end.
    bool advance() {
        while (!events_.empty()) {
            int64_t tick = std::get<0>(events_.top());
            if (arrivals_.horizon != kUnlimited && tick >= arrivals_.horizon) {
                now = arrivals_.horizon;
                return false;
            }
            now = tick;
            while (!events_.empty() && std::get<0>(events_.top()) == now) {
                auto [_, kind, number] = events_.top();
                events_.pop();
                if (kind == kFinish) finish(number);
                else if (kind == kArrive) arrive();
                else dispatch(number);
            }
            if (!ready.empty()) return true;
        }
        return false;
    }

    void commit(int task, int element) {
        ready.erase(std::find(ready.begin(), ready.end(), task));
        tasks[task].element = element;
        elements[element].queue.push_back(task);
        int64_t there = tasks[task].data[element];
        if (there > now) events_.emplace(there, kData, element);
        else dispatch(element);
    }

    int64_t cost(int task, int element) const {
        return graphs.costs[int64_t(tasks[task].row) * graphs.elements + element];
    }

    // When an element is expected to have finished all that it is committed to.
    int64_t available(int number) const {
        const Element &element = elements[number];
        int64_t time = now;
        if (int task = element.running; task != kNone)
            time = std::max(time, tasks[task].start + cost(task, number));
        for (int task : element.queue)
            time = std::max(time, tasks[task].data[number]) + cost(task, number);
        return time;
    }

    Outcome ended() {
        for (int job : live) {
            outcome.censored += 1;
            outcome.waited += double(now - jobs[job].arrival);
        }
        outcome.end = double(now);
        return outcome;
    }

  private:
    enum Kind { kFinish, kArrive, kData };
    using Event = std::tuple<int64_t, int, int>;
    Arrivals arrivals_;
    int next_ = 0, fetched_ = kNone;
    int64_t drawn_ = 0;
    std::priority_queue<Event, std::vector<Event>, std::greater<Event>> events_;

    void dispatch(int number) {
        Element &element = elements[number];
        if (element.running != kNone) return;
        for (size_t place = 0; place < element.queue.size(); ++place) {
            int task = element.queue[place];
            if (tasks[task].data[number] > now) continue;
            element.queue.erase(element.queue.begin() + int64_t(place));
            element.running = task;
            tasks[task].start = now;
            events_.emplace(now + duration(task, number), kFinish, task);
            return;
        }
    }

    int64_t duration(int task, int element) const {
        int64_t ticks = cost(task, element);
        if (arrivals_.noise == 0.0 || ticks == 0) return ticks;
        double drawn = double(ticks) + double(ticks) * arrivals_.noise * tasks[task].deviation;
        return std::max<int64_t>(int64_t(std::nearbyint(drawn)), 1);
    }

    void finish(int task) {
        int number = tasks[task].element, job = tasks[task].job, row = tasks[task].row;
        elements[number].running = kNone;
        tasks[task].finish = now;
        for (int edge = graphs.first_successor[row]; edge < graphs.first_successor[row + 1]; ++edge) {
            int following = jobs[job].first + graphs.successor[edge];
            if (--tasks[following].missing == 0) become_ready(following);
        }
        if (--jobs[job].unfinished == 0) {
            outcome.finished += 1;
            outcome.latency += double(now - jobs[job].arrival);
            outcome.makespan = double(now);
            live.erase(std::find(live.begin(), live.end(), job));
        }
        dispatch(number);
    }

    void arrive() {
        if (arrivals_.limit != kUnlimited && int64_t(live.size()) >= arrivals_.limit)
            outcome.rejected += 1;
        else if (fetched_ != kNone)
            let_in(fetched_);
        fetch();
    }

    void fetch() {
        fetched_ = kNone;
        if (next_ == arrivals_.count) return;
        fetched_ = arrivals_.graphs[next_];
        events_.emplace(now + arrivals_.gaps[next_++], kArrive, 0);
    }

    void let_in(int graph) {
        int job = int(jobs.size()), first = int(tasks.size()), count = graphs.size(graph);
        jobs.push_back({graph, first, count, now});
        live.push_back(job);
        for (int index = 0; index < count; ++index) {
            int row = graphs.base[graph] + index;
            Task task;
            task.job = job;
            task.row = row;
            task.missing =
                graphs.first_predecessor[row + 1] - graphs.first_predecessor[row];
            if (arrivals_.noise != 0.0) task.deviation = arrivals_.deviations[drawn_++];
            tasks.push_back(std::move(task));
        }
        for (int task = first; task < first + count; ++task)
            if (tasks[task].missing == 0) become_ready(task);
    }

    void become_ready(int number) {
        Task &task = tasks[number];
        const Job &job = jobs[task.job];
        const int n = graphs.elements;
        task.data.assign(n, job.arrival);
        for (int edge = graphs.first_predecessor[task.row];
             edge < graphs.first_predecessor[task.row + 1]; ++edge) {
            const Task &before = tasks[job.first + graphs.predecessor[edge]];
            const int64_t *ticks = graphs.transfer + (int64_t(edge) * n + before.element) * n;
            for (int e = 0; e < n; ++e)
                task.data[e] = std::max(task.data[e], before.finish + ticks[e]);
        }
        ready.push_back(number);
    }
};
