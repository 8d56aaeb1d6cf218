// SPDX-License-Identifier: GPL-2.0-or-later
//
// Registering and calling in four ways: without a NAT, behind the kernel's, behind the same with
// the kernel's own SIP helper, and behind Gatehouse. The registrar believes what it is told. What
// works is printed as a table, and must be what this file says.
//
//   alice .20 --+
//               +-- [router] wan0 11.0.0.1 --+-- 11.0.0.2 registrar and proxy [internet]
//   bob .30 ----+                            +-- carol .7      (alice .8, bob .9 without a NAT)
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include "gateway/base/text.h"
#include "tests/lab/support/lab.h"
#include "tests/lab/support/phones.h"

using namespace gatehouse;
using namespace gatehouse::lab;

namespace {

constexpr Duration kPatience = 4s;  // for what is not to come
constexpr std::size_t kEnough = 25;

enum class Way { none, plain, helper, gatehouse };

constexpr const char* kHelper = R"(
table ip helper {
    ct helper sip_udp { type "sip" protocol udp; l3proto ip
    }
    chain prerouting {
        type filter hook prerouting priority filter; policy accept;
        udp dport 5060 ct helper set "sip_udp"
    }
}
)";

struct Line {
    Way way;
    const char* name;
    const char* expected;
};

std::ostream& operator<<(std::ostream& out, const Line& line) {
    return out << line.name;
}

// Of each call: answered, then whether the caller hears, then whether the called one does. At the
// question mark it depends on which of the two speaks first: the helper expects media from the
// registrar's address alone.
constexpr const char* kHead = "registered  alice>carol  carol>alice  alice>bob";
const std::vector<Line> kLines{
    {Way::none, "no NAT", "yes         yes yes yes  yes yes yes  yes yes yes"},
    {Way::plain, "plain NAT", "yes         yes no  yes  no  no  no   no  no  no "},
    {Way::helper, "kernel helper", "yes         yes ?   yes  yes yes yes  yes no  no "},
    {Way::gatehouse, "Gatehouse", "yes         yes yes yes  yes yes yes  yes yes yes"},
};

struct Party {
    Party(Host& host, const char* name, const char* at)
        : address(at), phone(host, name, at), wire(host.capture("eth0")) {}

    bool answered() {
        const auto count = [this] {
            std::size_t found = 0;
            const std::string said = phone.said();
            for (std::size_t i = said.find("Call established"); i != std::string::npos;
                 i = said.find("Call established", i + 1))
                ++found;
            return found;
        };
        return bool(eventually([&] { return count() > talked; }, kPatience)) && (talked = count());
    }
    bool hears() {
        const auto is_audio = [this](const Packet& p) {
            return p.is_udp() && p.payload().size() == 172 &&
                   p.ip4_destination_in(concat(address, "/32"));
        };
        return bool(eventually([&] { return wire.count(is_audio) > kEnough; }, kPatience));
    }

    std::string address;
    Baresip phone;
    Capture wire;
    std::size_t talked = 0;
};

std::string word(bool yes) {
    return yes ? "yes" : "no ";
}

// The caller hangs up, and both are as they were.
std::string call(Party& caller, Party& called, std::string_view name) {
    caller.wire.forget();
    called.wire.forget();
    caller.phone.dial(name);
    const bool answered = called.answered() && caller.answered();
    const std::string out = concat(word(answered), " ", word(answered && caller.hears()), " ",
                                   word(answered && called.hears()));
    caller.phone.hang_up();
    called.phone.hang_up();
    return out;
}

}  // namespace

BOOST_DATA_TEST_CASE(who_can_call_whom_and_is_heard_is_as_the_table_says,
                     boost::unit_test::data::make(kLines), line) {
    House house;
    std::optional<Router> router;
    if (line.way == Way::gatehouse) router.emplace(house);
    if (line.way == Way::plain || line.way == Way::helper) make_plain_router(house);
    if (line.way == Way::helper) house.router.nft(kHelper);
    const bool direct = line.way == Way::none;
    Host& alice_at = direct ? house.net.add_host("alice", {"11.0.0.8/24"}) : house.phone;
    Host& bob_at = direct ? house.net.add_host("bob", {"11.0.0.9/24"}) : house.console;
    const Proxy proxy(house);
    Party carol(house.net.add_host("carol", {"11.0.0.7/24"}), "carol", "11.0.0.7");
    Party alice(alice_at, "alice", direct ? "11.0.0.8" : "192.168.1.20");
    Party bob(bob_at, "bob", direct ? "11.0.0.9" : "192.168.1.30");
    const bool registered = bool(alice.phone.is_registered()) && bool(bob.phone.is_registered()) &&
                            bool(carol.phone.is_registered());
    const std::string got = concat(word(registered), "         ", call(alice, carol, "carol"), "  ",
                                   call(carol, alice, "alice"), "  ", call(alice, bob, "bob"));
    BOOST_TEST_MESSAGE("               " << kHead << "\n" << line.name << "\t" << got);
    std::string expected = line.expected;
    const std::size_t open = expected.find("?  ");
    if (open != std::string::npos) expected.replace(open, 3, got.substr(open, 3));
    BOOST_TEST(got == expected, line.name << ": " << got << " instead of " << expected);
}
