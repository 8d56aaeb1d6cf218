// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/nat/sip_beginnings.h"

#include <algorithm>
#include <array>

namespace gatehouse::nat {

namespace {

// RFC 3261 7.1 and 7.2, and the methods of later ones.
constexpr std::array<std::string_view, 15> kBeginnings{
    "REGISTER", "INVITE s", "ACK sip:", "BYE sip:", "CANCEL s", "OPTIONS ", "SUBSCRIB", "NOTIFY s",
    "PUBLISH ", "MESSAGE ", "INFO sip", "UPDATE s", "PRACK si", "REFER si", "SIP/2.0 "};

void append_number(std::string& out, std::string_view bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    out += "0x";
    for (const char c : bytes) {
        out += kDigits[static_cast<unsigned char>(c) >> 4U];
        out += kDigits[static_cast<unsigned char>(c) & 0xfU];
    }
}

}  // namespace

bool begins_sip(std::string_view datagram) {
    return std::any_of(kBeginnings.begin(), kBeginnings.end(),
                       [datagram](std::string_view one) { return datagram.starts_with(one); });
}

std::string sip_beginnings_text() {
    std::string out = "{ ";
    for (const std::string_view& one : kBeginnings) {
        if (&one != kBeginnings.data()) out += ", ";
        append_number(out, one);
    }
    return out + " }";
}

}  // namespace gatehouse::nat
