// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/bench/support/sink.h"

#include <net/if.h>

#include "tests/bench/support/generator.h"

namespace gatehouse::bench {
namespace {

constexpr std::int32_t kKtimeGetNs = 5;  // number of the helper, bpf-helpers(7)

constexpr int kModeOffset = 8;
constexpr int kAgesOffset = 16;

void swap(Assembler& out, unsigned size, int a, int b) {
    out.load(size, Reg::r1, Reg::r7, a);
    out.load(size, Reg::r2, Reg::r7, b);
    out.store(size, Reg::r7, a, Reg::r2);
    out.store(size, Reg::r7, b, Reg::r1);
}

// Source and destination change places; the sums stay right.
void reflect(Assembler& out) {
    swap(out, BPF_W, 0, 6);
    swap(out, BPF_H, 4, 10);
    swap(out, BPF_W, 26, 30);
    swap(out, BPF_H, 34, 36);
    out.leave_with(XDP_TX);
}

void keep_age(Assembler& out) {
    Assembler::Mark within;
    out.call(kKtimeGetNs);
    out.load(BPF_DW, Reg::r1, Reg::r7, kBirthOffset);
    out.alu(BPF_SUB, Reg::r0, Reg::r1);
    out.alu(BPF_DIV, Reg::r0, 1000);
    out.jump_if(BPF_JLT, Reg::r0, static_cast<std::int32_t>(Sink::kBuckets), within);
    out.set(Reg::r0, static_cast<std::int32_t>(Sink::kBuckets - 1));
    out.set_mark(within);
    out.alu(BPF_LSH, Reg::r0, 2);
    out.alu(BPF_ADD, Reg::r9, Reg::r0);
    out.load(BPF_W, Reg::r1, Reg::r9, kAgesOffset);
    out.alu(BPF_ADD, Reg::r1, 1);
    out.store(BPF_W, Reg::r9, kAgesOffset, Reg::r1);
}

// r7: the frame, r9: the memory.
Assembler sink_code(const SharedMemory& memory) {
    Assembler out;
    Assembler::Mark other, drop, old;
    out.load(BPF_W, Reg::r7, Reg::r1, offsetof(xdp_md, data));
    out.load(BPF_W, Reg::r8, Reg::r1, offsetof(xdp_md, data_end));
    out.copy(Reg::r1, Reg::r7);
    out.alu(BPF_ADD, Reg::r1, static_cast<std::int32_t>(kSmallestFrame));
    out.jump_if(BPF_JGT, Reg::r1, Reg::r8, other);
    out.load(BPF_H, Reg::r1, Reg::r7, 12);
    out.to_big_endian(Reg::r1, 16);
    out.jump_if(BPF_JNE, Reg::r1, 0x0800, other);
    out.load(BPF_B, Reg::r1, Reg::r7, 23);
    out.jump_if(BPF_JNE, Reg::r1, 17, other);  // UDP
    out.address_of(Reg::r9, memory);
    out.load(BPF_DW, Reg::r1, Reg::r9, 0);
    out.alu(BPF_ADD, Reg::r1, 1);
    out.store(BPF_DW, Reg::r9, 0, Reg::r1);
    out.load(BPF_W, Reg::r1, Reg::r9, kModeOffset);
    out.jump_if(BPF_JEQ, Reg::r1, static_cast<std::int32_t>(Sink::Mode::drop), drop);
    out.jump_if(BPF_JEQ, Reg::r1, static_cast<std::int32_t>(Sink::Mode::age), old);
    reflect(out);
    out.set_mark(old);
    keep_age(out);
    out.set_mark(drop);
    out.leave_with(XDP_DROP);
    out.set_mark(other);
    out.leave_with(XDP_PASS);
    return out;
}

}  // namespace

Sink::Sink(const lab::Host& host, const std::string& interface)
    : memory_(kAgesOffset + kBuckets * sizeof(std::uint32_t)),
      program_("sink", sink_code(memory_)),
      attachment_(host.inside([&] {
          return program_.attach(::if_nametoindex(interface.c_str()), XdpProgram::Place::driver);
      })) {}

void Sink::set_mode(Mode mode) {
    memory_.write32(kModeOffset, static_cast<std::uint32_t>(mode));
}

void Sink::forget_ages() {
    for (std::uint32_t i = 0; i < kBuckets; ++i)
        memory_.write32(kAgesOffset + i * sizeof(std::uint32_t), 0);
}

Duration Sink::age(unsigned per_mille) const {
    std::uint64_t all = 0;
    for (std::uint32_t i = 0; i < kBuckets; ++i)
        all += memory_.read32(kAgesOffset + i * sizeof(std::uint32_t));
    const std::uint64_t wanted = (all * per_mille + 999) / 1000;
    std::uint64_t seen = 0;
    for (std::uint32_t i = 0; i < kBuckets; ++i) {
        seen += memory_.read32(kAgesOffset + i * sizeof(std::uint32_t));
        if (seen >= wanted) return std::chrono::microseconds(i + 1);
    }
    return kOldest;
}

}  // namespace gatehouse::bench
