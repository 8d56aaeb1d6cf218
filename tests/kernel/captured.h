// SPDX-License-Identifier: GPL-2.0-or-later
//
// Messages of a real kernel (Linux 6.18, x86-64) as hex: what stood behind the netlink header. Each
// was heard in a network namespace made for it; the comment at the message says what was done
// there. Netlink is in host order, so these hold on little-endian machines.
#pragma once

#include <bit>
#include <cstdint>
#include <string_view>
#include <vector>

#include "gateway/kernel/message.h"

namespace gatehouse::kernel::test {

inline std::vector<std::uint8_t> bytes_of(std::string_view hex) {
    bool ok = false;
    auto bytes = from_hex(hex, ok);
    return ok ? bytes : std::vector<std::uint8_t>{};
}

struct Captured {
    Captured(std::uint16_t type, std::uint16_t flags, std::string_view hex)
        : bytes(bytes_of(hex)), type_(type), flags_(flags) {}

    MessageView view() const { return cut(bytes.size()); }
    // The first n bytes only, as if the rest had been lost.
    MessageView cut(std::size_t n) const { return {type_, flags_, 0, 0, Bytes(bytes).first(n)}; }

    std::vector<std::uint8_t> bytes;

  private:
    std::uint16_t type_;
    std::uint16_t flags_;
};

// Skips a test of captured bytes where numbers lie the other way round.
struct LittleEndian {
    boost::test_tools::assertion_result operator()(boost::unit_test::test_unit_id) const {
        return std::endian::native == std::endian::little;
    }
};

}  // namespace gatehouse::kernel::test
