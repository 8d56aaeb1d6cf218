// SPDX-License-Identifier: GPL-2.0-or-later
//
// Devices that ask the router for ports and addresses, in every language, and know what they were
// promised. Each asks again until it is answered, as such programs do.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "gateway/base/random.h"
#include "tests/lab/support/dhcp_messages.h"
#include "tests/lab/support/lab.h"

namespace gatehouse::chaos {

using namespace gatehouse::lab;

// Every request waits this long for its answer.
constexpr Duration kPatience = 20s;

class Devices {
  public:
    Devices(House& house, const Router& router, const std::vector<const Host*>& askers,
            Random& random);

    // One of them wants something, or does not want it any more. What went wrong, or "".
    std::string want_something();

    // Whether what was promised is there, that and nothing else: in the router's lists, and in the
    // eyes of a stranger, who reaches by each port the one device that it belongs to.
    Verdict has_what_was_promised(const std::string& address);
    // How long the router took to tell its address to a device; nothing: it did not.
    std::optional<Duration> time_to_answer(const std::string& address) const;

    std::size_t ports() const { return ports_.size(); }
    std::size_t leases() const { return leases_.size(); }

  private:
    // A UDP port that somebody has opened, by its outside number.
    struct Promise {
        std::size_t asker = 0;
        enum class How : std::uint8_t { natpmp, pcp, igd } how = How::natpmp;
        std::string nonce;
        Port inside;
        UdpSocket socket;
    };

    std::string open();
    std::string close();
    std::string ask(const Promise& promise, std::uint32_t lifetime, Port& outside);
    std::string ask_natpmp(const Promise& promise, std::uint32_t lifetime, Port& outside);
    std::string ask_pcp(const Promise& promise, std::uint32_t lifetime, Port& outside);
    std::string ask_igd(const Promise& promise, std::uint32_t lifetime, Port& outside);
    std::string lease();
    std::string give_back();
    std::optional<Ip4> obtain(const Mac& mac);
    Verdict lists_agree(const std::string& address) const;
    Verdict strangers_reach_the_right(const std::string& address);

    House& house_;
    const Router& router_;
    std::vector<const Host*> askers_;
    Random& random_;
    PacketSocket wire_;
    UdpSocket stranger_;
    std::map<std::uint16_t, Promise> ports_;
    std::map<std::uint8_t, Ip4> leases_;  // by the last byte of the hardware address
    std::uint16_t next_port_ = 20000;
    std::uint32_t exchange_ = 0;
};

}  // namespace gatehouse::chaos
