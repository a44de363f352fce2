// C ABI around one Verilated model. Generated before this file: Vtop.h, ports.inc.
//
// A cycle: inputs are set, everything combinational settles, outputs are sampled, then the clock
// rises. Between calls the clock is low.

#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

#include "Vtop.h"
#include "memory.h"
#include "port.h"
#include "ports.inc"
#include "probe.h"
#ifdef WAVES_WRITER
#include "waves.h"
#endif

#define ABI extern "C" __attribute__((visibility("default")))

namespace {

struct Model {
    VerilatedContext context;
    std::unique_ptr<Vtop> top;
    std::vector<Port> ports;
    std::vector<AxiMemory> memories;
    std::vector<Probe> probes;
    uint64_t cycle = 0;    // rising edges so far
    bool settled = false;  // outputs belong to the inputs

#ifdef WAVES_WRITER
    std::unique_ptr<Waves> waves;
#endif

    Model() : top(new Vtop(&context)) {
#ifdef WAVES_WRITER
        context.traceEverOn(true);
#endif
#define PORT(name, width, is_input) ports.push_back({&top->name, int(sizeof(top->name)), width});
        PORTS
#undef PORT
    }

    void settle() {
        if (settled) return;
        top->eval();
        settled = true;
    }

    // the rest of a cycle; the falling edge is evaluated together with the next inputs
    void rise() {
        for (AxiMemory& memory : memories) memory.observe();
        for (Probe& probe : probes) probe.observe(cycle);
        ++cycle;
#ifdef WAVES_WRITER
        if (waves) waves->low();
#endif
#if CLOCKED
        top->clk = 1;
        top->eval();
#ifdef WAVES_WRITER
        if (waves) waves->high();
#endif
        top->clk = 0;
#endif
        for (AxiMemory& memory : memories) memory.drive();
        settled = false;
    }

    bool violated() const {
        for (const AxiMemory& memory : memories) {
            if (memory.state().violation) return true;
        }
        return false;
    }

    void reset() {
#if RESETTABLE
        top->rst = 1;
        settled = false;
        settle();
        rise();
        top->rst = 0;
#endif
        for (AxiMemory& memory : memories) memory.reset();
        settled = false;
    }
};

}  // namespace

// How a valid/ready stream is fed or collected; laid out as in native_types.py.
struct Stream {
    int32_t payload, valid, ready;  // ports; -1: not there, always 1
    uint32_t offered;               // an offer stands that has not been taken
    uint64_t stall;                 // probability of a pause in a cycle, times 2^32
    uint64_t count, done;           // transfers asked for and made
    uint64_t* data;                 // count rows of words
};

ABI Model* model_create() { return new Model; }
ABI void model_destroy(Model* model) { delete model; }
ABI void model_reset(Model* model) { model->reset(); }

ABI void model_set(Model* model, int port, const uint64_t* words) {
    model->ports[port].write(words);
    model->settled = false;
}

ABI void model_get(Model* model, int port, uint64_t* words) {
    model->settle();
    model->ports[port].read(words);
}

ABI void model_step(Model* model, uint64_t cycles) {
    for (uint64_t cycle = 0; cycle < cycles; ++cycle) {
        model->settle();
        model->rise();
    }
}

// Let a memory answer the AXI port of these signals (memory.h has their order; -1: not there).
ABI void model_attach(Model* model, const int* signals, MemoryPort* shared) {
    Port* ports[AxiMemory::SIGNALS];
    for (int i = 0; i < AxiMemory::SIGNALS; ++i) {
        ports[i] = signals[i] < 0 ? nullptr : &model->ports[signals[i]];
    }
    model->memories.emplace_back(ports, shared);
    model->settled = false;
}

// Note events of a port from now on; returns the probe's number.
ABI int model_probe(Model* model, int port, uint64_t pulses, uint64_t levels) {
    model->probes.emplace_back(model->ports[port], pulses, levels);
    return int(model->probes.size()) - 1;
}

// Return how many events a probe has noted, and where they are until the next step.
ABI uint64_t model_events(const Model* model, int probe, const Event** events) {
    *events = model->probes[probe].events().data();
    return model->probes[probe].events().size();
}

// Write waves of a window of cycles (waves.h) from now on; returns whether that is possible.
ABI int model_waves(Model* model, const char* path, int gate, uint64_t begin, uint64_t cycles) {
#ifdef WAVES_WRITER
    const Port* port = gate < 0 ? nullptr : &model->ports[gate];
    model->waves.reset(new Waves(*model->top, path, port, begin, cycles));
    return model->waves->open();
#else
    return 0;
#endif
}

// Close the file of waves.
ABI void model_end_waves(Model* model) {
#ifdef WAVES_WRITER
    model->waves.reset();
#endif
}

#ifdef COUNTING
extern "C" void __gcov_dump();

// Write what has been executed how often, for the compiler: cpp.py.
ABI void model_write_counts() { __gcov_dump(); }
#endif

ABI uint64_t model_cycle(const Model* model) { return model->cycle; }

// Step until a 1-bit output is high, settled, or a memory finds a violation; returns the cycles
// made, `limit` + 1 if the output stays low.
ABI uint64_t model_run_until(Model* model, int port, uint64_t limit) {
    const auto* stop = static_cast<const uint8_t*>(model->ports[port].storage);
    for (uint64_t cycle = 0;; ++cycle) {
        model->settle();
        if (*stop || model->violated()) return cycle;
        if (cycle == limit) return limit + 1;
        model->rise();
    }
}

// One row of every input goes in each cycle (rows[i] of them, then the last is held), one row of
// every output comes out.
ABI void model_run(Model* model, uint64_t cycles, int inputs, const int* input_ports,
                   const uint64_t* rows, const uint64_t* const* input_data, int outputs,
                   const int* output_ports, uint64_t* const* output_data) {
    for (uint64_t cycle = 0; cycle < cycles; ++cycle) {
        for (int i = 0; i < inputs; ++i) {
            Port& port = model->ports[input_ports[i]];
            if (cycle < rows[i]) port.write(input_data[i] + cycle * port.words());
        }
        model->settled = false;
        model->settle();
        for (int i = 0; i < outputs; ++i) {
            const Port& port = model->ports[output_ports[i]];
            port.read(output_data[i] + cycle * port.words());
        }
        model->rise();
    }
}

namespace {

bool high(const Model* model, int port) {
    return port < 0 || *static_cast<const uint8_t*>(model->ports[port].storage);
}

void assign(Model* model, int port, uint64_t value) {
    if (port >= 0) model->ports[port].assign(value);
}

}  // namespace

// Feed and collect streams with random pauses. Returns the cycles made, or a negative number:
// -1 the limit was reached, -2 - i output stream i broke the protocol (took back an offer or changed
// it), -100 - i output stream i offered more than was asked for in `quiet` cycles after the end.
ABI int64_t model_stream(Model* model, int inputs, Stream* in, int outputs, Stream* out,
                         uint64_t limit, uint64_t quiet, uint64_t seed) {
    Xorshift random(seed);
    std::vector<std::vector<uint64_t>> pending(outputs);
    for (int i = 0; i < outputs; ++i) pending[i].resize(model->ports[out[i].payload].words());
    std::vector<uint64_t> now, garbage;
    uint64_t cycle = 0, rest = quiet;
    for (;; ++cycle) {
        bool finished = true;
        for (int i = 0; i < inputs; ++i) {
            Stream& stream = in[i];
            Port& payload = model->ports[stream.payload];
            if (!stream.offered) {
                if (stream.done < stream.count && !random.below(stream.stall)) {
                    payload.write(stream.data + stream.done * payload.words());
                    stream.offered = 1;
                } else {  // whoever uses it without `valid` gets nonsense
                    garbage.resize(payload.words());
                    for (uint64_t& word : garbage) word = random.next();
                    payload.write(garbage.data());
                }
            }
            assign(model, stream.valid, stream.offered);
            finished &= stream.done == stream.count;
        }
        for (int i = 0; i < outputs; ++i) {
            bool more = out[i].done < out[i].count;
            assign(model, out[i].ready, more && !random.below(out[i].stall));
            finished &= !more;
        }
        if (finished && rest-- == 0) break;
        if (cycle >= limit) return -1;
        model->settled = false;
        model->settle();
        for (int i = 0; i < inputs; ++i) {
            if (in[i].offered && high(model, in[i].ready)) {
                in[i].offered = 0;
                ++in[i].done;
            }
        }
        for (int i = 0; i < outputs; ++i) {
            Stream& stream = out[i];
            const Port& payload = model->ports[stream.payload];
            bool valid = high(model, stream.valid);
            if (valid && stream.done == stream.count && finished) return -100 - i;
            now.resize(payload.words());
            payload.read(now.data());
            if (stream.offered && (!valid || now != pending[i])) return -2 - i;
            bool taken = valid && stream.done < stream.count && high(model, stream.ready);
            stream.offered = valid && !taken;
            pending[i] = now;
            if (taken) {
                std::memcpy(stream.data + stream.done * payload.words(), now.data(),
                            now.size() * sizeof(uint64_t));
                ++stream.done;
            }
        }
        model->rise();
    }
    model->settled = false;
    return int64_t(cycle);
}
