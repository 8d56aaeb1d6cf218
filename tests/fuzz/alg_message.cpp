// SPDX-License-Identifier: GPL-2.0-or-later
//
// Any datagram through the SIP gateway, out and in. Whatever it is, it comes out; where it names no
// address of ours it comes out as it was; and what was edited can be read again.
#include "alg/uri.h"
#include "tests/alg/support/house.h"
#include "tests/fuzz/support/require.h"

using namespace gatehouse;
using namespace gatehouse::sip;
using namespace gatehouse::sip::test;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::size_t kMost = 20000;
    if (size > kMost) return 0;
    const std::string text(as_text(Bytes(data, size)));
    const auto saved = read_saved(text, 0s);
    require(read_saved(write_saved(saved, 0s), 0s) == saved, "registrations are not restored");
    (void)parse_uri(text);
    (void)parse_via(text);
    (void)parse_name_address(text);
    SipHouse house;
    const std::string out = house.out(kPhone, text);
    if (!has(text, "192.168.1.20")) require(out == text, "changed without an address of the host");
    if (out != text) require(parse_message(out).ok(), "what was edited cannot be read");
    const std::string in = house.in(kPhone, text);
    if (!has(text, "11.0.0.1")) require(in == text, "changed without an outside address");
    if (in != text) require(parse_message(in).ok(), "what was edited cannot be read");
    require(house.alg.calls().size() <= 2, "one message, more than one call");
    return 0;
}
