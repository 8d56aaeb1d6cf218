// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/bench/support/generator.h"

#include <net/if.h>

#include "gateway/base/bytes.h"
#include "gateway/base/text.h"
#include "tests/lab/support/environment.h"

namespace gatehouse::bench {
namespace {

constexpr std::int32_t kKtimeGetNs = 5;  // numbers of helpers, bpf-helpers(7)
constexpr std::int32_t kRedirect = 23;

constexpr std::size_t kHeaders = 42;  // Ethernet, IPv4 without options, UDP
constexpr std::uint32_t kBatch = 64;

// The headers with everything that is the same in all packets; addresses, ports and the checksum
// of the IPv4 header are zero. UDP goes without a checksum, as if a network card had verified it.
std::vector<std::uint8_t> template_of(Mac from, Mac to, std::size_t bytes) {
    ByteWriter out;
    out.bytes(to.bytes);
    out.bytes(from.bytes);
    out.u16(0x0800);
    out.u16(0x4500);
    out.u16(static_cast<std::uint16_t>(bytes - 14));
    out.u16(0);
    out.u16(0x4000);  // do not fragment
    out.u16(0x4011);  // TTL 64, UDP
    out.zeros(2 + 8 + 4);
    out.u16(static_cast<std::uint16_t>(bytes - 34));
    out.zeros(bytes - 40);
    return out.take();
}

std::int32_t word(const std::vector<std::uint8_t>& frame, std::size_t offset, std::size_t size) {
    std::uint32_t value = 0;  // as the processor would store it
    for (std::size_t i = size; i-- > 0;)
        value = value << 8U | frame[offset + i];
    return static_cast<std::int32_t>(value);
}

// The sum of the 16-bit words of the IPv4 header, not folded.
std::int32_t header_sum(const std::vector<std::uint8_t>& frame) {
    std::int32_t sum = 0;
    for (std::size_t at = 14; at < 34; at += 2)
        sum += frame[at] << 8 | frame[at + 1];
    return sum;
}

// r7: the frame, r8: the sum of the header, r9: the number of the packet.
class GeneratorCode {
  public:
    GeneratorCode(const std::vector<std::uint8_t>& frame, const SharedMemory& memory,
                  const Traffic& traffic, unsigned interface_number) {
        Assembler::Mark refuse;
        begin(frame.size(), memory, refuse);
        headers(frame);
        address(traffic.source, 26);
        address(traffic.destination, 30);
        port(traffic.source_port, 34);
        port(traffic.destination_port, 36);
        checksum();
        out.call(kKtimeGetNs);
        out.store(BPF_DW, Reg::r7, kBirthOffset, Reg::r0);
        out.set(Reg::r1, static_cast<std::int32_t>(interface_number));
        out.set(Reg::r2, 0);
        out.call(kRedirect);
        out.leave();
        out.set_mark(refuse);
        out.leave_with(XDP_ABORTED);
    }

    Assembler out;

  private:
    void begin(std::size_t bytes, const SharedMemory& memory, Assembler::Mark& refuse) {
        out.load(BPF_W, Reg::r7, Reg::r1, offsetof(xdp_md, data));
        out.load(BPF_W, Reg::r8, Reg::r1, offsetof(xdp_md, data_end));
        out.copy(Reg::r1, Reg::r7);
        out.alu(BPF_ADD, Reg::r1, static_cast<std::int32_t>(bytes));
        out.jump_if(BPF_JGT, Reg::r1, Reg::r8, refuse);
        out.address_of(Reg::r1, memory);
        out.load(BPF_DW, Reg::r9, Reg::r1, 0);
        out.copy(Reg::r2, Reg::r9);
        out.alu(BPF_ADD, Reg::r2, 1);
        out.store(BPF_DW, Reg::r1, 0, Reg::r2);
    }

    // The frame has been on the way before and was changed there.
    void headers(const std::vector<std::uint8_t>& frame) {
        for (std::size_t at = 0; at < kHeaders - 2; at += 4)
            out.store(BPF_W, Reg::r7, static_cast<int>(at), word(frame, at, 4));
        out.store(BPF_H, Reg::r7, kHeaders - 2, word(frame, kHeaders - 2, 2));
        out.set(Reg::r8, header_sum(frame));
    }

    void value_of(const Range& range) {  // into r1, upper half zero
        out.copy(Reg::r1, Reg::r9);
        if (range.divide != 1) out.alu(BPF_DIV, Reg::r1, static_cast<std::int32_t>(range.divide));
        out.alu(BPF_MOD, Reg::r1, static_cast<std::int32_t>(range.modulo));
        out.alu(BPF_ADD, Reg::r1, static_cast<std::int32_t>(range.base));
        out.alu(BPF_LSH, Reg::r1, 32);
        out.alu(BPF_RSH, Reg::r1, 32);
    }

    void address(const Range& range, int offset) {
        value_of(range);
        out.copy(Reg::r2, Reg::r1);
        out.alu(BPF_RSH, Reg::r2, 16);
        out.alu(BPF_ADD, Reg::r8, Reg::r2);
        out.copy(Reg::r2, Reg::r1);
        out.alu(BPF_AND, Reg::r2, 0xffff);
        out.alu(BPF_ADD, Reg::r8, Reg::r2);
        out.to_big_endian(Reg::r1, 32);
        out.store(BPF_W, Reg::r7, offset, Reg::r1);
    }

    void port(const Range& range, int offset) {
        value_of(range);
        out.to_big_endian(Reg::r1, 16);
        out.store(BPF_H, Reg::r7, offset, Reg::r1);
    }

    void checksum() {
        for (int fold = 0; fold < 2; ++fold) {
            out.copy(Reg::r1, Reg::r8);
            out.alu(BPF_RSH, Reg::r1, 16);
            out.alu(BPF_AND, Reg::r8, 0xffff);
            out.alu(BPF_ADD, Reg::r8, Reg::r1);
        }
        out.alu(BPF_XOR, Reg::r8, 0xffff);
        out.to_big_endian(Reg::r8, 16);
        out.store(BPF_H, Reg::r7, 24, Reg::r8);
    }
};

unsigned number_of(const lab::Host& host, const std::string& interface) {
    return host.inside([&] { return ::if_nametoindex(interface.c_str()); });
}

// A new interface that no packet ever uses; a bridge, because every lab has bridges.
unsigned idle_interface(const lab::Host& host) {
    const unsigned number = lab::next_interface_number();
    host.ip(concat("link add name idle", number, " index ", number, " type bridge\n"));
    return number;
}

Mac mac_of(const lab::Host& host, const std::string& interface) {
    const auto mac = host.mac(interface);
    if (!mac) throw lab::LabError(concat("no interface ", interface, " on ", host.name()));
    return *mac;
}

}  // namespace

Generator::Generator(const lab::Host& host, const std::string& interface, Mac next_hop,
                     const Traffic& traffic)
    : program_("generator",
               GeneratorCode(template_of(mac_of(host, interface), next_hop, traffic.frame_bytes),
                             memory_, traffic, number_of(host, interface))
                   .out),
      frame_(template_of(mac_of(host, interface), next_hop, traffic.frame_bytes)) {
    if (frame_.size() < kSmallestFrame) throw lab::LabError("a frame is too small");
    const unsigned idle = idle_interface(host);
    kept_ = host.inside([&] { return program_.attach(idle, XdpProgram::Place::above); });
}

void Generator::send(std::uint32_t packets) const {
    program_.run(frame_, packets, std::min(packets, kBatch));
}

}  // namespace gatehouse::bench
