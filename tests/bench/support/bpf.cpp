// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/bench/support/bpf.h"

#include <linux/if_link.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>

#include "gateway/base/text.h"

namespace gatehouse::bench {
namespace {

long bpf(int command, bpf_attr& attributes) {
    return ::syscall(SYS_bpf, command, &attributes, sizeof attributes);
}

lab::Fd new_array(std::uint32_t bytes) {
    bpf_attr attributes{};
    attributes.map_type = BPF_MAP_TYPE_ARRAY;
    attributes.key_size = sizeof(std::uint32_t);
    attributes.value_size = bytes;
    attributes.max_entries = 1;
    attributes.map_flags = BPF_F_MMAPABLE;
    return lab::Fd::checked(static_cast<int>(bpf(BPF_MAP_CREATE, attributes)), "make a BPF array");
}

std::uint64_t pointer(const void* memory) {
    return reinterpret_cast<std::uintptr_t>(memory);
}

template <class Number>
std::atomic_ref<Number> cell(std::uint8_t* memory, std::size_t offset) {
    return std::atomic_ref<Number>(*reinterpret_cast<Number*>(memory + offset));
}

}  // namespace

SharedMemory::SharedMemory(std::uint32_t bytes)
    : map_(new_array(bytes)), size_((bytes + 4095U) & ~std::size_t{4095}) {
    void* mapped = ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_SHARED, map_.number(), 0);
    if (mapped == MAP_FAILED) lab::throw_errno("map a BPF array");
    memory_ = static_cast<std::uint8_t*>(mapped);
}

SharedMemory::~SharedMemory() {
    ::munmap(memory_, size_);
}

std::uint64_t SharedMemory::read64(std::size_t offset) const {
    return cell<std::uint64_t>(memory_, offset).load(std::memory_order_relaxed);
}

std::uint32_t SharedMemory::read32(std::size_t offset) const {
    return cell<std::uint32_t>(memory_, offset).load(std::memory_order_relaxed);
}

void SharedMemory::write64(std::size_t offset, std::uint64_t value) {
    cell<std::uint64_t>(memory_, offset).store(value, std::memory_order_relaxed);
}

void SharedMemory::write32(std::size_t offset, std::uint32_t value) {
    cell<std::uint32_t>(memory_, offset).store(value, std::memory_order_relaxed);
}

void Assembler::emit(unsigned code, Reg to, Reg from, int offset, std::int32_t value) {
    bpf_insn one{};
    one.code = static_cast<std::uint8_t>(code);
    one.dst_reg = static_cast<std::uint8_t>(to) & 0xfU;
    one.src_reg = static_cast<std::uint8_t>(from) & 0xfU;
    one.off = static_cast<std::int16_t>(offset);
    one.imm = value;
    code_.push_back(one);
}

void Assembler::alu(unsigned operation, Reg to, Reg from) {
    emit(BPF_ALU64 | operation | BPF_X, to, from, 0, 0);
}

void Assembler::alu(unsigned operation, Reg to, std::int32_t value) {
    emit(BPF_ALU64 | operation | BPF_K, to, Reg::r0, 0, value);
}

void Assembler::to_big_endian(Reg reg, int bits) {
    emit(BPF_ALU | BPF_END | BPF_TO_BE, reg, Reg::r0, 0, bits);
}

void Assembler::load(unsigned size, Reg to, Reg base, int offset) {
    emit(BPF_LDX | BPF_MEM | size, to, base, offset, 0);
}

void Assembler::store(unsigned size, Reg base, int offset, Reg from) {
    emit(BPF_STX | BPF_MEM | size, base, from, offset, 0);
}

void Assembler::store(unsigned size, Reg base, int offset, std::int32_t value) {
    emit(BPF_ST | BPF_MEM | size, base, Reg::r0, offset, value);
}

void Assembler::address_of(Reg to, const SharedMemory& memory) {
    emit(BPF_LD | BPF_DW | BPF_IMM, to, static_cast<Reg>(BPF_PSEUDO_MAP_VALUE), 0, memory.number());
    emit(0, Reg::r0, Reg::r0, 0, 0);  // the second half: the offset in the value
}

void Assembler::call(std::int32_t helper) {
    emit(BPF_JMP | BPF_CALL, Reg::r0, Reg::r0, 0, helper);
}

void Assembler::jump_if(unsigned condition, Reg a, Reg b, Mark& mark) {
    mark.jumps.push_back(code_.size());
    emit(BPF_JMP | condition | BPF_X, a, b, 0, 0);
}

void Assembler::jump_if(unsigned condition, Reg a, std::int32_t b, Mark& mark) {
    mark.jumps.push_back(code_.size());
    emit(BPF_JMP | condition | BPF_K, a, Reg::r0, 0, b);
}

void Assembler::jump(Mark& mark) {
    mark.jumps.push_back(code_.size());
    emit(BPF_JMP | BPF_JA, Reg::r0, Reg::r0, 0, 0);
}

void Assembler::set_mark(const Mark& mark) {
    for (const std::size_t jump : mark.jumps)
        code_[jump].off = static_cast<std::int16_t>(code_.size() - jump - 1);
}

void Assembler::leave_with(std::int32_t value) {
    set(Reg::r0, value);
    leave();
}

void Assembler::leave() {
    emit(BPF_JMP | BPF_EXIT, Reg::r0, Reg::r0, 0, 0);
}

XdpProgram::XdpProgram(const std::string& name, const Assembler& assembler) {
    std::string log(256 * 1024, '\0');
    bpf_attr attributes{};
    attributes.prog_type = BPF_PROG_TYPE_XDP;
    attributes.expected_attach_type = BPF_XDP;
    attributes.insns = pointer(assembler.code().data());
    attributes.insn_cnt = static_cast<std::uint32_t>(assembler.code().size());
    attributes.license = pointer("GPL");
    name.copy(attributes.prog_name, BPF_OBJ_NAME_LEN - 1);
    program_ = lab::Fd(static_cast<int>(bpf(BPF_PROG_LOAD, attributes)));
    if (program_) return;
    const int error = errno;
    attributes.log_level = 1;
    attributes.log_buf = pointer(log.data());
    attributes.log_size = static_cast<std::uint32_t>(log.size());
    (void)bpf(BPF_PROG_LOAD, attributes);
    throw lab::LabError(concat("the kernel refuses the XDP program ", name, ": ",
                               std::strerror(error), "\n", log.c_str()));
}

void XdpProgram::run(std::span<const std::uint8_t> frame, std::uint32_t times,
                     std::uint32_t batch) const {
    bpf_attr attributes{};
    attributes.test.prog_fd = static_cast<std::uint32_t>(program_.number());
    attributes.test.data_in = pointer(frame.data());
    attributes.test.data_size_in = static_cast<std::uint32_t>(frame.size());
    attributes.test.repeat = times;
    attributes.test.flags = BPF_F_TEST_XDP_LIVE_FRAMES;
    attributes.test.batch_size = batch;
    // A signal ends a run early; what was sent until then stays sent.
    if (bpf(BPF_PROG_TEST_RUN, attributes) != 0 && errno != EINTR)
        lab::throw_errno("run an XDP program with live frames");
}

lab::Fd XdpProgram::attach(unsigned interface_number, Place place) const {
    bpf_attr attributes{};
    attributes.link_create.prog_fd = static_cast<std::uint32_t>(program_.number());
    attributes.link_create.target_ifindex = interface_number;
    attributes.link_create.attach_type = BPF_XDP;
    attributes.link_create.flags = place == Place::driver ? XDP_FLAGS_DRV_MODE : XDP_FLAGS_SKB_MODE;
    return lab::Fd::checked(static_cast<int>(bpf(BPF_LINK_CREATE, attributes)),
                            "attach an XDP program");
}

}  // namespace gatehouse::bench
