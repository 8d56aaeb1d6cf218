// SPDX-License-Identifier: GPL-2.0-or-later
//
// The little of bpf(2) that a packet generator and a sink need: an array that user space sees as
// memory, an XDP program, its attachment to an interface, and its test run with live frames.
#pragma once

#include <linux/bpf.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tests/lab/support/fd.h"

namespace gatehouse::bench {

// One value of an array map, shared with the programs that were built with its number. The kernel
// side does not use atomic operations, so one program at a time may write a field.
class SharedMemory {
  public:
    explicit SharedMemory(std::uint32_t bytes);
    ~SharedMemory();
    SharedMemory(const SharedMemory&) = delete;
    SharedMemory& operator=(const SharedMemory&) = delete;

    int number() const { return map_.number(); }
    std::uint64_t read64(std::size_t offset) const;
    std::uint32_t read32(std::size_t offset) const;
    void write64(std::size_t offset, std::uint64_t value);
    void write32(std::size_t offset, std::uint32_t value);

  private:
    lab::Fd map_;
    std::size_t size_;
    std::uint8_t* memory_;
};

// Registers of the machine (r10, the frame pointer, is not needed here).
enum class Reg : std::uint8_t { r0, r1, r2, r3, r4, r5, r6, r7, r8, r9 };

// Instructions one after the other; a jump goes forward to a mark that is set later.
class Assembler {
  public:
    struct Mark {
        std::vector<std::size_t> jumps;
    };

    void copy(Reg to, Reg from) { alu(BPF_MOV, to, from); }
    void set(Reg to, std::int32_t value) { alu(BPF_MOV, to, value); }
    void alu(unsigned operation, Reg to, Reg from);
    void alu(unsigned operation, Reg to, std::int32_t value);
    void to_big_endian(Reg reg, int bits);
    void load(unsigned size, Reg to, Reg base, int offset);
    void store(unsigned size, Reg base, int offset, Reg from);
    void store(unsigned size, Reg base, int offset, std::int32_t value);
    void address_of(Reg to, const SharedMemory& memory);
    void call(std::int32_t helper);
    void jump_if(unsigned condition, Reg a, Reg b, Mark& mark);
    void jump_if(unsigned condition, Reg a, std::int32_t b, Mark& mark);
    void jump(Mark& mark);
    void set_mark(const Mark& mark);
    void leave_with(std::int32_t value);
    void leave();

    const std::vector<bpf_insn>& code() const { return code_; }

  private:
    void emit(unsigned code, Reg to, Reg from, int offset, std::int32_t value);

    std::vector<bpf_insn> code_;
};

// A loaded XDP program. Throws with the verifier's words when the kernel refuses it.
class XdpProgram {
  public:
    XdpProgram(const std::string& name, const Assembler& assembler);

    // Sends frames through the program as if they had arrived, in batches, on this processor; the
    // calling thread's network is where redirects lead. Returns when all have been handed over, or
    // early after a signal.
    void run(std::span<const std::uint8_t> frame, std::uint32_t times, std::uint32_t batch) const;
    // Attached in the calling thread's network until the descriptor is closed: in the driver or,
    // for interfaces whose packets do not matter, above it.
    enum class Place : std::uint8_t { driver, above };
    lab::Fd attach(unsigned interface_number, Place place) const;

  private:
    lab::Fd program_;
};

}  // namespace gatehouse::bench
