// An AXI4 subordinate over buffers of the caller.
//
// Bursts are answered in order. A written burst becomes visible when its response is offered, not
// before: who reads without waiting for the response gets what was there.

#pragma once

#include <algorithm>
#include <deque>
#include <vector>

#include "memory_port.h"
#include "port.h"

class AxiMemory {
    // a channel's ports: nullptr where the component has none
    struct Channel {
        Port *valid, *ready;
        std::vector<Port*> payload;

        bool exists() const { return valid; }
        bool taken() const { return valid->value() && ready->value(); }
    };

    // what a manager offers must stay until it is taken
    struct Watch {
        bool pending = false;
        std::vector<uint64_t> offered, now;

        bool steady(const Channel& channel) {
            bool valid = channel.valid->value(), waits = valid && !channel.ready->value();
            if (!pending && !waits) return true;
            now.clear();
            for (Port* port : channel.payload) {
                if (!port) continue;
                now.resize(now.size() + port->words());
                port->read(now.data() + now.size() - port->words());
            }
            bool result = !pending || (valid && now == offered);
            pending = waits;
            offered.swap(now);
            return result;
        }
    };

    struct Burst {
        uint64_t address, words, id, ready_at;
        uint64_t response = 0, stored = 0;  // `stored`: bytes
        std::vector<uint8_t> data, strobes;
    };

    enum { OKAY = 0, SLVERR = 2, DECERR = 3 };
    enum { AW, W, B, AR, R };
    enum Field { ADDR, LEN, SIZE, BURST, ID };  // of aw and ar

    static void assign(Port* port, uint64_t value) {
        if (port) port->assign(value);
    }

    static Channel channel(Port** ports, int payload) {
        return {ports[0], ports[1], {ports + 2, ports + 2 + payload}};
    }

  public:
    static constexpr int SIGNALS = 7 + 5 + 4 + 7 + 6;

    // `signals`: aw, w, b, ar, r, each valid, ready, then addr len size burst id | data strb last |
    // resp id | data resp last id
    AxiMemory(Port** signals, MemoryPort* shared) : shared(*shared), random(shared->seed) {
        aw = channel(signals, 5);
        w = channel(signals + 7, 3);
        b = channel(signals + 12, 2);
        ar = channel(signals + 16, 5);
        r = channel(signals + 23, 4);
        bytes = (ar.exists() ? r : w).payload[0]->width / 8;
        drive();
    }

    // Look at what is settled, just before the clock rises.
    void observe() {
        if (ar.exists()) observe_reads();
        if (aw.exists()) observe_writes();
        ++cycle;
    }

    // Set the inputs of the component for the cycle that begins.
    void drive() {
        int64_t rate = shared.rate;
        credit = std::min(credit + rate, ONE + rate);
        // both directions may move a word for one credit; the debt is paid before the next
        bool open = credit >= ONE && !refreshing();
        if (ar.exists()) drive_reads(open);
        if (aw.exists()) drive_writes(open);
    }

    void reset() {
        reads.clear();
        writes.clear();
        read_watch = write_watch = data_watch = Watch();
        filled = 0;
        read_offered = write_offered = reads_hang = writes_hang = false;
        drive();
    }

    const MemoryPort& state() const { return shared; }

  private:
    static constexpr int64_t ONE = 1 << 16;

    MemoryPort& shared;
    Xorshift random;
    Channel aw, w, b, ar, r;
    uint64_t bytes;  // of a word
    uint64_t cycle = 0;
    int64_t credit = 0;
    bool read_offered = false, write_offered = false;
    bool reads_hang = false, writes_hang = false;  // until the fault is taken away
    uint64_t paused_until[5] = {};
    uint64_t row[2] = {}, row_open_at[2] = {};  // of reads and of writes
    uint64_t filled = 0;  // bursts whose data are complete, at the front of `writes`
    std::deque<Burst> reads, writes;
    Watch read_watch, write_watch, data_watch;

    bool refreshing() const {
        return shared.refresh_interval &&
               (cycle + shared.refresh_phase) % shared.refresh_interval < shared.refresh_cycles;
    }

    bool pause(int channel) {
        if (cycle < paused_until[channel]) return true;
        if (!shared.stall || !random.below(shared.stall)) return false;
        if (shared.pause > 1) paused_until[channel] = cycle + 1 + random.next() % shared.pause;
        return true;
    }

    // Whether the row of a burst is open; if another one is, that takes a while.
    bool in_row(const Burst& burst, bool write) {
        if (!shared.row_bytes) return true;
        uint64_t wanted = burst.address / shared.row_bytes;
        if (wanted != row[write]) row_open_at[write] = cycle + shared.row_miss;
        row[write] = wanted;
        return cycle >= row_open_at[write];
    }

    // Whether a direction hangs still: not when the fault has been taken away.
    bool hangs(bool& flag) const { return flag &= shared.fault_response == NEVER; }

    void violate(Violation what, uint64_t address) {
        if (shared.violation) return;
        shared.violation = what;
        shared.violation_cycle = cycle;
        shared.violation_address = address;
    }

    Burst accept(const Channel& channel) {
        uint64_t address = channel.payload[ADDR]->value();
        uint64_t words = channel.payload[LEN]->value() + 1;
        if (channel.payload[BURST]->value() != 1) violate(NOT_INCR, address);
        if (uint64_t(1) << channel.payload[SIZE]->value() != bytes) violate(NARROW, address);
        if (address % bytes) violate(UNALIGNED, address);
        if (address / 4096 != (address + words * bytes - 1) / 4096) violate(CROSSES_4_KIB, address);
        Port* id = channel.payload[ID];
        return {address, words, id ? id->value() : 0, cycle};
    }

    // Return the response that a fault has for a word, and count it; OKAY if it is not concerned.
    uint64_t strike(uint64_t address, uint64_t id, bool write) {
        if (!shared.fault_response || write != bool(shared.fault_writes)) return OKAY;
        if (address + bytes <= shared.fault_start || address >= shared.fault_stop) return OKAY;
        if (shared.fault_id != ANY_ID && shared.fault_id != id) return OKAY;
        if (shared.fault_after) {
            --shared.fault_after;
            return OKAY;
        }
        if (!shared.fault_count) return OKAY;
        --shared.fault_count;
        ++shared.faults;
        return shared.fault_response;
    }

    // Return a word's memory, or set the response.
    uint8_t* find(uint64_t address, bool write, uint64_t& response) const {
        for (uint64_t i = 0; i < shared.region_count; ++i) {
            const Region& region = shared.regions[i];
            if (address < region.start || address - region.start + bytes > region.size) continue;
            if (!write || region.writable) return region.data + (address - region.start);
            response = SLVERR;
            return nullptr;
        }
        response = DECERR;
        return nullptr;
    }

    void observe_reads() {
        if (!read_watch.steady(ar)) violate(READ_ADDRESS_UNSTABLE, ar.payload[ADDR]->value());
        if (r.taken()) {
            ++shared.words_read;
            read_offered = false;
            Burst& burst = reads.front();
            burst.address += bytes;
            if (--burst.words == 0) reads.pop_front();
        }
        if (ar.taken()) {
            reads.push_back(accept(ar));
            reads.back().ready_at += shared.read_latency;
        }
    }

    void drive_reads(bool open) {
        ar.ready->assign(reads.size() < shared.outstanding && !pause(AR));
        if (read_offered) return;
        bool go = open && !reads.empty() && cycle >= reads.front().ready_at &&
                  in_row(reads.front(), false) && !pause(R) && !hangs(reads_hang);
        uint64_t response = go ? strike(reads.front().address, reads.front().id, false) : OKAY;
        reads_hang |= response == NEVER;
        go &= !reads_hang;
        r.valid->assign(go);
        if (!go) return;
        credit -= ONE;
        read_offered = true;
        const Burst& burst = reads.front();
        const uint8_t* word = response ? nullptr : find(burst.address, false, response);
        Port *data = r.payload[0], *last = r.payload[2];
        if (word) std::memcpy(data->storage, word, bytes);
        else std::memset(data->storage, 0xEE, bytes);  // nobody may use it
        assign(r.payload[1], response);
        assign(last, burst.words == 1);
        assign(r.payload[3], burst.id);
    }

    void observe_writes() {
        if (!write_watch.steady(aw)) violate(WRITE_ADDRESS_UNSTABLE, aw.payload[ADDR]->value());
        if (!data_watch.steady(w)) violate(WRITE_DATA_UNSTABLE, 0);
        if (b.taken()) {
            write_offered = false;
            writes.pop_front();
            --filled;
        }
        if (w.taken()) take_data(writes[filled]);
        if (aw.taken()) writes.push_back(accept(aw));
    }

    void take_data(Burst& burst) {
        ++shared.words_written;
        credit -= ONE;
        const auto* data = static_cast<const uint8_t*>(w.payload[0]->storage);
        burst.data.insert(burst.data.end(), data, data + bytes);
        const auto* strobes = static_cast<const uint8_t*>(w.payload[1]->storage);
        for (uint64_t i = 0; i < bytes; ++i) burst.strobes.push_back(strobes[i / 8] >> i % 8 & 1);
        bool complete = burst.data.size() == burst.words * bytes;
        if (bool(w.payload[2]->value()) != complete) violate(LAST_MISPLACED, burst.address);
        if (!complete) return;
        burst.ready_at = cycle + shared.write_latency;
        ++filled;
    }

    void drive_writes(bool open) {
        aw.ready->assign(writes.size() < shared.outstanding && !pause(AW));
        w.ready->assign(open && filled < writes.size() && in_row(writes[filled], true) &&
                        !pause(W));
        if (write_offered) return;
        write_offered = filled && cycle >= writes.front().ready_at && !pause(B) &&
                        !hangs(writes_hang) && store(writes.front());
        b.valid->assign(write_offered);
        if (!write_offered) return;
        assign(b.payload[0], writes.front().response);
        assign(b.payload[1], writes.front().id);
    }

    // Write a burst's words, all but those that fail; return whether there is a response.
    bool store(Burst& burst) {
        for (; burst.stored < burst.data.size(); burst.stored += bytes) {
            uint64_t offset = burst.stored, fault = strike(burst.address + offset, burst.id, true);
            writes_hang |= fault == NEVER;
            if (writes_hang) return false;
            if (fault) burst.response = fault;
            uint8_t* word = fault ? nullptr : find(burst.address + offset, true, burst.response);
            for (uint64_t i = 0; word && i < bytes; ++i) {
                if (burst.strobes[offset + i]) word[i] = burst.data[offset + i];
            }
        }
        return true;
    }
};
