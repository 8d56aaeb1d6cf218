// SPDX-License-Identifier: GPL-2.0-or-later
//
// A day in a home where everything is used at once: devices come and go by DHCP, hosts talk, ask
// for ports in every language and by command, a phone is registered. Whatever breaks meanwhile, in
// the kernel, on the disk, in the daemon or with the power: when it is quiet again all is in order,
// and nobody has lost what he was promised, or kept what was over.
#include <boost/test/unit_test.hpp>

#include "gateway/base/text.h"
#include "gateway/nat/ruleset.h"
#include "tests/world/devices.h"
#include "tests/world/household.h"
#include "tests/world/seeds.h"
#include "tests/world/world.h"

using namespace gatehouse;
using namespace gatehouse::world;

namespace {

const Endpoint4 kPhone{Ip4::of(192, 168, 1, 30), Port{5060}};
const Endpoint4 kRegistrar{Ip4::of(11, 0, 9, 1), Port{5060}};
constexpr Duration kGranted = 2h;

// A phone that registers now and then, and is called.
class Phone {
  public:
    explicit Phone(World& world) : world_(world) {}

    void register_again() {
        contact_.reset();
        if (!world_.runs() || !world_.house().outside_address()) return;
        world_.packet(Proto::udp, kPhone, kRegistrar, 3min);
        const std::string asked = world_.sip(
            kPhone, kRegistrar,
            concat(
                "REGISTER sip:x SIP/2.0\r\nVia: SIP/2.0/UDP 192.168.1.30:5060;branch=z9hG4bKr\r\n"
                "From: <sip:a@x>;tag=1\r\nTo: <sip:a@x>\r\nCall-ID: r\r\nCSeq: ",
                ++cseq_,
                " REGISTER\r\nContact: <sip:a@192.168.1.30:5060>\r\nExpires: 7200\r\n\r\n"));
        if (!world_.runs()) return;
        world_.sip(kRegistrar, kPhone, concat("SIP/2.0 200 OK", asked.substr(asked.find("\r\n"))));
        if (!world_.runs() || !world_.house().outside_address()) return;
        const std::size_t at = asked.find("Contact: <sip:a@") + 16;
        const std::string contact = asked.substr(at, asked.find('>', at) - at);
        if (!contact.starts_with(world_.house().outside_address()->to_string())) return;
        if (!world_.keeps_registrations()) return;  // the disk is full
        contact_ = contact;
        address_ = *world_.house().outside_address();
        until_ = world_.now() + kGranted;
    }
    bool is_registered() const {
        return contact_ && world_.now() < until_ && world_.house().outside_address() == address_;
    }
    // Whether a call reaches it. A daemon that has begun anew does not know whether the phone wrote
    // the port that can be left out.
    bool rings() const {
        const std::string heard =
            world_.sip(kRegistrar, kPhone,
                       concat("INVITE sip:a@", *contact_,
                              " SIP/2.0\r\nVia: SIP/2.0/UDP 11.0.9.1;branch=z9hG4bKi\r\n"
                              "From: <sip:b@x>;tag=9\r\nTo: <sip:a@x>\r\nCall-ID: i\r\n"
                              "CSeq: 1 INVITE\r\n\r\n"));
        return heard.starts_with("INVITE sip:a@192.168.1.30:5060 SIP/2.0\r\n") ||
               heard.starts_with("INVITE sip:a@192.168.1.30 SIP/2.0\r\n");
    }

  private:
    World& world_;
    std::optional<std::string> contact_;
    Ip4 address_;
    Instant until_;
    unsigned cseq_ = 0;
};

struct Home {
    explicit Home(std::uint64_t seed)
        : world(seed),
          devices((world.start(with_dhcp()), world), 6, 6),
          household(world),
          phone(world) {}

    World world;
    Devices devices;
    Household household;
    Phone phone;
    std::size_t rung = 0;
    bool rebooted = false;
    Instant other_ports;  // before that mappings may have had ports that are none now

    std::uint64_t some(std::uint64_t most) { return world.random().below(most + 1); }

    void talk() {
        for (std::uint64_t n = some(12); n > 0; --n) {
            const auto host = static_cast<std::uint8_t>(10 + some(5));
            const auto port = static_cast<std::uint16_t>(5000 + some(7));
            world.packet(some(1) == 0 ? Proto::udp : Proto::tcp,
                         {Ip4::of(192, 168, 1, host), Port{port}},
                         {Ip4::of(11, 0, 0, static_cast<std::uint8_t>(2 + some(3))), Port{443}},
                         std::chrono::seconds(30 + some(1800)));
        }
    }

    void change_outside() {
        world.change([this](FakeKernel& kernel) {
            daemon::Interface* wan = kernel.find("wan0");
            switch (some(3)) {
                case 0: wan->running = !wan->running; break;
                case 1: wan->addresses.clear(); break;
                default:
                    wan->addresses = {
                        {Ip4::of(11, 0, 0, static_cast<std::uint8_t>(1 + some(3))), 24}};
            }
        });
    }

    void reconfigure() {
        config::Config config = with_dhcp();
        config.gateway.firewall = some(3) != 0;
        if (some(2) == 0) config.nat.ports = {Port{20000}, Port{29999}};
        if (config.nat.ports != world.wanted().nat.ports) other_ports = world.now();
        if (some(2) == 0) config.gateway.lan.emplace_back("br-guest");
        world.reconfigure(config);
    }

    void strike() {
        switch (some(18)) {
            case 0: world.flush_table(); break;
            case 1: world.spoil_table(); break;
            case 2: world.kernel().refuse_next_loads(static_cast<unsigned>(1 + some(2))); break;
            case 3: world.kernel().refuse_next_commits(static_cast<unsigned>(some(2))); break;
            case 4: world.disk().refuse_next_writes(static_cast<unsigned>(1 + some(4))); break;
            case 5: world.kill(); break;
            case 6: world.kill_after(static_cast<unsigned>(some(30))); break;
            case 7: world.lose_events(); break;
            case 8: world.suspend(world.up_to(10min)); break;
            case 9: world.set_slow_loads(world.up_to(2s)); break;
            case 10: world.set_slowness(world.up_to(3s)); break;
            case 11: reconfigure(); break;
            case 12: household.hand_over(); break;
            case 13: reboot(); break;
            case 14: fail_power(); break;
            case 15: world.kernel().break_next_dumps(static_cast<unsigned>(1 + some(3))); break;
            default: change_outside();
        }
    }

    void reboot() {
        world.reboot();
        rebooted = true;
    }

    void fail_power() {
        household.fear_for_the_disk();
        world.cut_power();
        rebooted = true;
    }

    void begin() {
        if (rebooted) household.hear_of_boot();
        world.start();
        // One that dies before it has written that time passes leaves all to the next.
        rebooted = rebooted && !(world.runs() && world.keeps_forwards() && world.keeps_commands());
    }

    void live() {
        for (std::uint64_t n = some(3); n > 0; --n)
            household.act();
        if (some(3) == 0) phone.register_again();
        if (some(2) == 0) talk();
        devices.act();
    }

    void calm_down() {
        world.never_mind();
        world.kernel().refuse_next_loads(0);
        world.kernel().refuse_next_commits(0);
        world.kernel().break_next_dumps(0);
        world.disk().refuse_next_writes(0);
        if (!world.runs()) begin();
        world.pass(2 * daemon::House::kLongestRetry);
        BOOST_REQUIRE_MESSAGE(world.runs(), world.told());
    }

    void require_order() {
        const nat::Engine& engine = world.house().engine();
        const auto must = [this](bool holds, const char* what) {
            BOOST_TEST(holds, what << "\n" << world.told());
        };
        must(!world.kernel().forwarded_unfiltered(), "something was forwarded without rules");
        nat::RulesetInput rules = nat::ruleset_input(world.wanted());
        rules.sip_ports = world.house().sip_ports();
        must(world.kernel().table() == nat::write_ruleset(rules), "the rules are others");
        must(world.kernel().elements() == engine.wanted(), "the kernel has other elements");
        must(world.kernel().pinholes() == engine.wanted_pinholes(), "and other pinholes");
        household.require_promises();
        const auto twice = devices.shared();
        BOOST_TEST(!twice.has_value(), "an address has two devices\n" << world.told());
    }

    void require_call() {
        if (!phone.is_registered()) return;
        ++rung;
        BOOST_TEST(phone.rings(), "the phone is silent\n" << world.told());
    }

    // Who talks to the outside keeps the endpoint from which he does.
    void require_sessions() {
        for (const auto& [session, ends, began] : world.kernel().sessions) {
            if (ends <= world.now() || session.outside.address != world.house().outside_address())
                continue;
            // What began with other ports goes on, in the kernel alone.
            const PortRange ports = world.wanted().nat.ports;
            if (began <= other_ports || !ports.contains(session.outside.port)) continue;
            const auto leaves =
                world.kernel().outside_of(session.proto, session.inside, session.remote);
            BOOST_TEST((leaves == session.outside),
                       session.inside.to_string()
                           << " left from " << session.outside.to_string() << " and leaves from "
                           << (leaves ? leaves->to_string() : "nowhere") << "\n"
                           << world.told());
        }
    }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(home)

BOOST_AUTO_TEST_CASE(an_untroubled_home_keeps_all_it_promised) {
    Home home(1);
    for (int i = 0; i < 200; ++i) {
        home.live();
        home.world.pass(1min);
        home.require_order();
        home.require_sessions();
        home.require_call();
    }
    BOOST_TEST(home.household.given() > 50U);
    BOOST_TEST(home.household.refused() > 0U);
    BOOST_TEST(home.household.sure() > 20U);
    BOOST_TEST(home.rung > 50U);
    BOOST_TEST(home.devices.bound() > 0U);
}

BOOST_AUTO_TEST_CASE(whatever_broke_nobody_lost_what_he_was_promised) {
    for_each_seed(1000, [](std::uint64_t seed) {
        Home home(seed);
        for (const Instant end = home.world.now() + 24h; home.world.now() < end;) {
            for (std::uint64_t troubles = 1 + home.some(5); troubles > 0; --troubles) {
                home.live();
                home.strike();
                home.live();
                home.world.pass(
                    home.world.up_to(home.some(1) == 0 ? Duration(2s) : Duration(20min)));
                if (!home.world.runs() && home.some(1) == 0) home.begin();
            }
            home.calm_down();
            home.require_order();
            home.require_sessions();
            home.require_call();
        }
    });
}

BOOST_AUTO_TEST_SUITE_END()
