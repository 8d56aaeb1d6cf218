// SPDX-License-Identifier: GPL-2.0-or-later
//
// The IPv6 filter of a house that has IPv6 beside IPv4: from inside everything, from outside only
// what belongs to it, and what a pinhole lets in. No command opens a pinhole, so those tests run
// the daemon's own house and shell on the router and ask its service.
//
//   phone   2001:db8:1::20 --+
//   console 2001:db8:1::30 --+-- ::1 [router] 2001:db8:f::1 ---- 2001:db8:f::2 ::3 [internet]
//   pc      2001:db8:1::10 --+
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cerrno>

#include "gateway/base/random.h"
#include "gateway/base/text.h"
#include "gateway/config/loader.h"
#include "gateway/daemon/daemon.h"
#include "gateway/kernel/ruleset_loader.h"
#include "tests/lab/support/ipv6_home.h"
#include "tests/lab/support/lab.h"

using namespace gatehouse;
using namespace gatehouse::lab;

namespace {

// Whether a connection to this listener comes up and carries bytes.
bool connects(const Host& client, const TcpListener& server) {
    TcpPair pair = tcp_pair(client, server);
    return pair.works();
}

// What the daemon does, as far as pinholes need it: the house decides, the kernel carries out.
class WorkingHouse {
  public:
    explicit WorkingHouse(const Host& router, std::string_view more = {})
        : router_(router), house_(make_key()) {
        router_.inside([&] { start(more); });
    }

    void ask(const std::function<void(nat::MappingService&, Instant)>& call) {
        router_.inside([&] {
            daemon::Effects effects;
            call(house_.engine(), now());
            house_.flush_nat(now(), effects);
            perform(effects);
        });
    }
    // Takes in what the kernel has told since.
    void look() {
        router_.inside([&] {
            if (links_->read()) handle(daemon::LinksSeen{daemon::interfaces_of(links_->table())});
            neighbours_->read([this](const kernel::Neighbour& one) {
                const bool gone = one.state == kernel::NeighbourState::failed;
                handle(daemon::NeighbourSeen{one.address,
                                             gone ? std::nullopt : std::optional(one.mac)});
            });
            bool touched = false;
            nft_->read([&](const kernel::NftCommit& commit) {
                touched = touched || (!commit.own && commit.find(1, nat::kTableName) != nullptr);
            });
            if (touched) handle(daemon::TableTouched{"another program"});
            handle(daemon::TimerFired{});
        });
    }
    bool knows(const std::string& address) const {
        return house_.hosts().find(lab::address(address)) != nullptr;
    }

  private:
    static HashKey make_key() {
        SystemRandom random;
        return HashKey::make(random);
    }
    static Instant now() { return Instant(std::chrono::steady_clock::now().time_since_epoch()); }

    void start(std::string_view more) {
        links_.emplace(std::move(*kernel::LinkWatch::open()));
        neighbours_.emplace(std::move(*kernel::NeighbourWatch::open()));
        nft_.emplace(std::move(*kernel::NftWatch::open()));
        shell_.emplace(std::move(*daemon::NatShell::open(false, true)));
        handle(daemon::LinksSeen{daemon::interfaces_of(links_->table())});
        const auto loaded = config::load_config(
            concat("config gateway 'main'\n\toption wan 'wan0'\n\tlist lan 'br-lan'\n", more),
            "house.conf");
        handle(daemon::Started{*loaded.config, {}});
        for (const auto& [key, one] : neighbours_->table().all())
            handle(daemon::NeighbourSeen{one.address, one.mac});
    }
    void handle(const daemon::Event& event) {
        daemon::Effects effects;
        house_.handle(event, now(), effects);
        perform(effects);
    }
    void perform(daemon::Effects& effects) {
        daemon::Effects next;
        const auto feed = [&](const nat::Event& event) { house_.handle(event, now(), next); };
        while (!effects.empty()) {
            for (const daemon::Step& step : effects.steps) {
                if (const auto* load = std::get_if<daemon::LoadRuleset>(&step)) {
                    const auto loaded = kernel::load_ruleset(load->text);
                    nft_->add_own(loaded.process);
                    if (!loaded.status) throw LabError(loaded.status.error().text);
                    house_.handle(daemon::RulesetDone{}, now(), next);
                } else if (std::holds_alternative<daemon::AdoptElements>(step)) {
                    shell_->feed_elements(true, feed);
                }
            }
            shell_->perform(effects.nat, feed);
            std::swap(effects, next);
            next.clear();
        }
    }

    const Host& router_;
    daemon::House house_;
    std::optional<kernel::LinkWatch> links_;
    std::optional<kernel::NeighbourWatch> neighbours_;
    std::optional<kernel::NftWatch> nft_;
    std::optional<daemon::NatShell> shell_;
};

nat::PinholeRequest hole(Proto proto, const std::string& inside, std::uint16_t port) {
    nat::PinholeRequest request;
    request.inside = address(inside).v6();
    request.proto = proto;
    request.port = Port{port};
    request.lifetime = 1h;
    request.owner = {nat::OwnerKind::pcp, "phone"};
    return request;
}

nat::PinholeId open(WorkingHouse& house, const nat::PinholeRequest& request) {
    nat::PinholeId id = 0;
    house.ask([&](nat::MappingService& service, Instant now) {
        const auto made = service.open_pinhole(request, now);
        if (made) id = made->id;
    });
    return id;
}

// To a device of the house; the router itself has things to announce there.
bool comes_in(const Packet& packet) {
    return packet.outgoing && (packet.is_to("2001:db8:1::10") || packet.is_to("2001:db8:1::20"));
}

// Until the kernel has told this and the house has understood it.
Verdict soon(WorkingHouse& house, const std::function<bool()>& condition) {
    return eventually(
        [&] {
            house.look();
            return Verdict(condition());
        },
        10s);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(filter)

BOOST_AUTO_TEST_CASE(inside_reaches_the_internet_and_nobody_outside_begins_anything) {
    Ipv6Home home;
    House& house = home.house;
    const Router router(house);
    BOOST_TEST(house.pc.can_ping("2001:db8:f::2"));
    const UdpSocket server = house.internet.udp("[2001:db8:f::2]:7001");
    const UdpSocket phone = house.phone.udp("[2001:db8:1::20]:5000");
    BOOST_TEST(seen_by(server, phone) == "[2001:db8:1::20]:5000");
    BOOST_TEST(heard_by(phone, server, "[2001:db8:1::20]:5000") == "[2001:db8:f::2]:7001");
    BOOST_TEST(connects(house.pc, house.internet.listen("[2001:db8:f::2]:7002")));

    // Not another port, not another address, no connection.
    const Capture inside = house.router.capture("br-lan");
    house.internet.udp("[2001:db8:f::2]:7003").send_to("[2001:db8:1::20]:5000", "let me in");
    house.internet.udp("[2001:db8:f::3]:7001").send_to("[2001:db8:1::20]:5000", "let me in");
    const TcpListener closed = house.pc.listen("[2001:db8:1::10]:80");
    BOOST_TEST(house.internet.connect("[2001:db8:1::10]:80", 500ms).error() == ETIMEDOUT);
    BOOST_TEST(phone.stays_silent(100ms));
    BOOST_TEST(inside.none([](const Packet& p) {
        return comes_in(p) && (p.is_tcp() || (p.is_udp() && !p.is_from("[2001:db8:f::2]:7001")));
    }));
    // Echo requests pass, as RFC 4890 wants it.
    BOOST_TEST(house.internet.can_ping("2001:db8:1::10"));
}

BOOST_AUTO_TEST_CASE(hosts_inside_reach_each_other_and_the_router_and_the_router_its_neighbours) {
    Ipv6Home home;
    House& house = home.house;
    const Router router(house);
    BOOST_TEST(house.pc.can_ping("2001:db8:1::20"));
    BOOST_TEST(house.pc.can_ping("2001:db8:1::1"));
    house.router.ip("neigh flush dev br-lan\nneigh flush dev wan0");
    BOOST_TEST(house.router.can_ping("2001:db8:f::2"));
    BOOST_TEST(house.router.can_ping("2001:db8:1::10"));
    BOOST_TEST(house.internet.can_ping("2001:db8:f::1"));
}

// The daemon switches it off; whoever switches it on again must not part the house.
BOOST_AUTO_TEST_CASE(neighbours_find_each_other_on_a_bridge_that_asks_the_rules) {
    Ipv6Home home;
    House& house = home.house;
    const std::string asks = "net.bridge.bridge-nf-call-ip6tables";
    if (!house.router.run({"sysctl", asks}).ok()) return;  // a kernel whose bridges never ask
    house.router.sysctl(asks, "1");
    const Router router(house);
    BOOST_TEST(house.router.sysctl(asks) == "0");
    house.router.sysctl(asks, "1");
    BOOST_TEST(house.pc.can_ping("2001:db8:1::20"));
    BOOST_TEST(house.console.can_ping("2001:db8:1::10"));
}

BOOST_AUTO_TEST_CASE(errors_about_a_session_come_back_and_others_do_not) {
    Ipv6Home home;
    House& house = home.house;
    const Router router(house);
    house.internet.nft(
        "table ip6 closed { chain in { type filter hook input priority 0; tcp dport 9 reject with "
        "icmpv6 type admin-prohibited; }; }");
    BOOST_TEST(house.pc.connect("[2001:db8:f::2]:9").error() == EACCES);
    // The internet's answer to a packet that the pc has never sent.
    const Capture inside = house.router.capture("br-lan");
    house.router.ip("route add 2001:db8:1::77/128 dev br-lan");
    const UdpSocket forger = house.internet.udp("[2001:db8:f::3]:9");
    forger.send_to("[2001:db8:1::10]:9", "unasked");
    BOOST_TEST(house.pc.can_ping("2001:db8:f::2"));
    BOOST_TEST(inside.none([](const Packet& p) { return comes_in(p) && p.is_udp(); }));
}

BOOST_AUTO_TEST_CASE(addresses_on_the_wrong_side_are_dropped) {
    Ipv6Home home;
    House& house = home.house;
    const Router router(house);
    const Capture outside = house.router.capture("wan0");
    const Capture inside = house.router.capture("br-lan");
    house.phone.ip("address add 2001:db8:77::1/128 dev eth0 nodad");
    house.phone.ip("address add fd00::20/64 dev eth0 nodad");
    house.router.ip("address add fd00::1/64 dev br-lan nodad");
    house.phone.udp("[2001:db8:77::1]:5000").send_to("[2001:db8:f::2]:9", "who am I");
    house.phone.udp("[fd00::20]:5000").send_to("[2001:db8:f::2]:9", "unique and mine");
    house.internet.ip("address add 2001:db8:1::99/128 dev net0 nodad");
    (void)house.internet.run({"ping", "-c1", "-W1", "-I", "2001:db8:1::99", "2001:db8:1::10"});
    BOOST_TEST(house.pc.can_ping("2001:db8:f::2"));
    BOOST_TEST(outside.none(
        [](const Packet& p) { return p.is_from("2001:db8:77::1") || p.is_from("fd00::20"); }));
    BOOST_TEST(
        inside.none([](const Packet& p) { return p.outgoing && p.is_from("2001:db8:1::99"); }));
}

BOOST_AUTO_TEST_CASE(the_filter_holds_while_the_daemon_is_dead_and_sessions_go_on) {
    Ipv6Home home;
    House& house = home.house;
    Router router(house);
    const TcpListener server = house.internet.listen("[2001:db8:f::2]:7002");
    TcpPair pair = tcp_pair(house.pc, server);
    BOOST_TEST(pair.works());
    router.kill_9();
    BOOST_TEST(pair.works());
    BOOST_TEST(connects(house.phone, server));
    const TcpListener closed = house.pc.listen("[2001:db8:1::10]:80");
    BOOST_TEST(house.internet.connect("[2001:db8:1::10]:80", 300ms).error() == ETIMEDOUT);
    router.start();
    BOOST_TEST(pair.works());
    house.router.nft("flush ruleset");
    BOOST_TEST(eventually(
        [&] {
            return Verdict(house.router.nft_ruleset().find("forward_ipv6") != std::string::npos);
        },
        20s));
    BOOST_TEST(pair.works());
    BOOST_TEST(house.internet.connect("[2001:db8:1::10]:80", 300ms).error() == ETIMEDOUT);
}

BOOST_AUTO_TEST_CASE(whether_ipv6_is_forwarded_stays_the_systems_choice) {
    House house;
    const Router router(house);
    BOOST_TEST(house.router.sysctl("net.ipv4.ip_forward") == "1");
    BOOST_TEST(house.router.sysctl("net.ipv6.conf.all.forwarding") == "0");
}

BOOST_AUTO_TEST_CASE(sessions_live_as_long_as_those_of_ipv4) {
    Ipv6Home home;
    House& house = home.house;
    const Router router(house, section("timeout 'timeout'", {{"udp", "500"}}));
    const UdpSocket server = house.internet.udp("[2001:db8:f::2]:7001");
    BOOST_TEST(seen_by(server, house.phone.udp("[2001:db8:1::20]:5000")) ==
               "[2001:db8:1::20]:5000");
    const std::string listed =
        house.router.run({"conntrack", "-L", "-f", "ipv6", "-p", "udp", "--dport", "7001"}).out;
    // "udp      17 499 src=..."
    std::vector<std::string_view> words = split(listed, ' ');
    std::erase(words, std::string_view());
    BOOST_REQUIRE(words.size() > 2U);
    const int left = parse_number<int>(words[2]).value_or(0);
    BOOST_TEST((left > 450 && left <= 500), listed);
}

// However many addresses it gives itself.
BOOST_AUTO_TEST_CASE(a_device_with_too_many_sessions_is_told_so_and_nobody_else_notices) {
    Ipv6Home home;
    House& house = home.house;
    const Router router(house, section("nat 'nat'", {{"host_sessions", "100"}}));
    const UdpSocket server = house.internet.udp("[2001:db8:f::2]:7001");
    const UdpSocket pc = house.pc.udp("[2001:db8:1::10]:5000");
    BOOST_TEST(seen_by(server, pc) == "[2001:db8:1::10]:5000");
    const PacketSocket wire = house.pc.packets("eth0");
    for (int i = 1; i <= 20; ++i) {
        house.pc.ip(concat("address add 2001:db8:1::1:", i, "/64 dev eth0 nodad"));
        const UdpSocket socket = house.pc.udp(concat("[2001:db8:1::1:", i, "]:5000"));
        for (int port = 8000; port < 8050; ++port)
            socket.send_to(concat("[2001:db8:f::3]:", port), "one more");
    }
    constexpr std::uint8_t kUnreachable = 1, kProhibited = 1;  // of ICMPv6
    BOOST_TEST(wire.receive([](const Packet& p) {
                       return p.is_icmpv6() && !p.outgoing && p.icmp_type == kUnreachable &&
                              p.icmp_code == kProhibited;
                   })
                   .has_value());
    const std::string sessions = house.router.run({"conntrack", "-L", "-f", "ipv6"}).out;
    const auto count = std::count(sessions.begin(), sessions.end(), '\n');
    BOOST_TEST(count >= 100);
    BOOST_TEST(count <= 110);
    BOOST_TEST(seen_by(server, pc) == "[2001:db8:1::10]:5000");
    BOOST_TEST(heard_by(pc, server, "[2001:db8:1::10]:5000") == "[2001:db8:f::2]:7001");
    BOOST_TEST(house.router.can_ping("2001:db8:1::10"));
    for (int port = 7100; port < 7150; ++port) {
        const UdpSocket other = house.internet.udp(concat("[2001:db8:f::3]:", port));
        BOOST_TEST(seen_by(other, house.phone.udp("[2001:db8:1::20]:5001")) ==
                   "[2001:db8:1::20]:5001");
    }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(pinholes)

BOOST_AUTO_TEST_CASE(a_pinhole_lets_in_exactly_what_it_names) {
    Ipv6Home home;
    House& house = home.house;
    WorkingHouse working(house.router);
    const UdpSocket phone = house.phone.udp("[2001:db8:1::20]:5000");
    const UdpSocket beside = house.phone.udp("[2001:db8:1::20]:5001");
    const UdpSocket console = house.console.udp("[2001:db8:1::30]:5000");
    const TcpListener web = house.phone.listen("[2001:db8:1::20]:5000");
    const UdpSocket stranger = house.internet.udp("[2001:db8:f::3]:7001");
    BOOST_TEST(heard_by(phone, stranger, "[2001:db8:1::20]:5000", 200ms) == kNobody);

    const nat::PinholeId id = open(working, hole(Proto::udp, "2001:db8:1::20", 5000));
    BOOST_REQUIRE(id != 0U);
    BOOST_TEST(heard_by(phone, stranger, "[2001:db8:1::20]:5000") == "[2001:db8:f::3]:7001");
    BOOST_TEST(heard_by(beside, stranger, "[2001:db8:1::20]:5001", 200ms) == kNobody);
    BOOST_TEST(heard_by(console, stranger, "[2001:db8:1::30]:5000", 200ms) == kNobody);
    BOOST_TEST(house.internet.connect("[2001:db8:1::20]:5000", 300ms).error() == ETIMEDOUT);

    open(working, hole(Proto::tcp, "2001:db8:1::20", 5000));
    BOOST_TEST(connects(house.internet, web));
    working.ask([&](nat::MappingService& service, Instant now) {
        (void)service.close_pinhole(id, {nat::OwnerKind::pcp, "phone"}, now);
    });
    const UdpSocket another = house.internet.udp("[2001:db8:f::3]:7002");
    BOOST_TEST(heard_by(phone, another, "[2001:db8:1::20]:5000", 200ms) == kNobody);
    // What runs goes on.
    BOOST_TEST(heard_by(phone, stranger, "[2001:db8:1::20]:5000") == "[2001:db8:f::3]:7001");
}

BOOST_AUTO_TEST_CASE(a_pinhole_for_one_remote_lets_in_nobody_else) {
    Ipv6Home home;
    House& house = home.house;
    WorkingHouse working(house.router);
    const UdpSocket phone = house.phone.udp("[2001:db8:1::20]:5000");
    nat::PinholeRequest request = hole(Proto::udp, "2001:db8:1::20", 5000);
    request.remote = address("2001:db8:f::2").v6();
    open(working, request);
    const UdpSocket friendly = house.internet.udp("[2001:db8:f::2]:7001");
    const UdpSocket stranger = house.internet.udp("[2001:db8:f::3]:7001");
    BOOST_TEST(heard_by(phone, friendly, "[2001:db8:1::20]:5000") == "[2001:db8:f::2]:7001");
    BOOST_TEST(heard_by(phone, stranger, "[2001:db8:1::20]:5000", 200ms) == kNobody);
}

BOOST_AUTO_TEST_CASE(a_pinhole_of_the_configuration_leads_to_its_device_until_it_is_taken_away) {
    Ipv6Home home;
    House& house = home.house;
    const std::string mac = house.phone.mac("eth0")->to_string();
    Router router(house,
                  section("pinhole 'web'", {{"proto", "tcp"}, {"port", "443"}, {"mac", mac}}));
    const TcpListener web = house.phone.listen("[2001:db8:1::20]:443");
    const TcpListener other = house.console.listen("[2001:db8:1::30]:443");
    const auto opens = [&](const TcpListener& server) {
        return eventually([&] { return Verdict(connects(house.internet, server)); }, 5s);
    };
    BOOST_TEST(house.phone.can_ping("2001:db8:f::2"));  // it has to be seen once
    BOOST_TEST(opens(web));
    BOOST_TEST(house.internet.connect("[2001:db8:1::30]:443", 300ms).error() == ETIMEDOUT);
    // Also where it calls itself otherwise later, and after the daemon was killed.
    house.phone.ip("address add 2001:db8:1::4020/64 dev eth0 nodad");
    const TcpListener again = house.phone.listen("[2001:db8:1::4020]:443");
    BOOST_TEST(house.router.can_ping("2001:db8:1::4020"));
    BOOST_TEST(opens(again));
    router.kill_9();
    BOOST_TEST(connects(house.internet, web));
    router.start();
    BOOST_TEST(opens(web));
    TcpPair pair = tcp_pair(house.internet, web);
    BOOST_TEST(pair.works());
    router.configure("");
    BOOST_TEST(router.reload().ok());
    BOOST_TEST(house.internet.connect("[2001:db8:1::20]:443", 300ms).error() == ETIMEDOUT);
    BOOST_TEST(pair.works());
}

BOOST_AUTO_TEST_CASE(a_flood_through_a_pinhole_ends_at_the_limit) {
    Ipv6Home home;
    House& house = home.house;
    WorkingHouse working(house.router, section("nat 'nat'", {{"host_sessions", "100"}}));
    const UdpSocket phone = house.phone.udp("[2001:db8:1::20]:5000");
    BOOST_REQUIRE(open(working, hole(Proto::udp, "2001:db8:1::20", 5000)) != 0U);
    const UdpSocket friendly = house.internet.udp("[2001:db8:f::2]:7001");
    BOOST_TEST(heard_by(phone, friendly, "[2001:db8:1::20]:5000") == "[2001:db8:f::2]:7001");
    for (int port = 8000; port < 8500; ++port) {
        house.internet.udp(concat("[2001:db8:f::3]:", port))
            .send_to("[2001:db8:1::20]:5000", "anybody?");
    }
    const std::string sessions = house.router.run({"conntrack", "-L", "-f", "ipv6"}).out;
    const auto count = std::count(sessions.begin(), sessions.end(), '\n');
    BOOST_TEST(count >= 100);
    BOOST_TEST(count <= 110);
    // What is there goes on, and so does what the phone begins.
    BOOST_TEST(heard_by(phone, friendly, "[2001:db8:1::20]:5000") == "[2001:db8:f::2]:7001");
    const UdpSocket another = house.internet.udp("[2001:db8:f::2]:7002");
    BOOST_TEST(seen_by(another, phone) == "[2001:db8:1::20]:5000");
}

BOOST_AUTO_TEST_CASE(pinholes_come_back_after_a_foreign_flush_and_go_with_a_restart) {
    Ipv6Home home;
    House& house = home.house;
    auto working = std::make_unique<WorkingHouse>(house.router);
    const UdpSocket phone = house.phone.udp("[2001:db8:1::20]:5000");
    open(*working, hole(Proto::udp, "2001:db8:1::20", 5000));
    const auto in_kernel = [&] {
        return house.router
                   .run({"nft", "-n", "list", "set", "inet", "gatehouse", "pinhole_counted"})
                   .out.find("2001:db8:1::20 . 17 . 5000") != std::string::npos;
    };
    BOOST_TEST(in_kernel());
    house.router.nft("flush ruleset");
    BOOST_TEST(soon(*working, in_kernel));
    const UdpSocket stranger = house.internet.udp("[2001:db8:f::3]:7001");
    BOOST_TEST(heard_by(phone, stranger, "[2001:db8:1::20]:5000") == "[2001:db8:f::3]:7001");
    // Somebody else's element goes, too.
    house.router.nft("add element inet gatehouse pinhole_counted { 2001:db8:1::30 . udp . 9 }");
    BOOST_TEST(soon(*working, [&] {
        return house.router.nft_ruleset().find("2001:db8:1::30") == std::string::npos;
    }));
    working.reset();
    BOOST_TEST(in_kernel());
    working = std::make_unique<WorkingHouse>(house.router);
    BOOST_TEST(!in_kernel());
}

BOOST_AUTO_TEST_CASE(a_pinhole_follows_its_host_to_another_address_and_serves_no_other_host) {
    Ipv6Home home;
    House& house = home.house;
    WorkingHouse working(house.router);
    BOOST_TEST(house.phone.can_ping("2001:db8:1::1"));
    BOOST_TEST(soon(working, [&] { return working.knows("2001:db8:1::20"); }));
    open(working, hole(Proto::udp, "2001:db8:1::20", 5000));

    // A temporary address of the phone: with its first packet the router sees it.
    house.phone.ip("address add 2001:db8:1::abcd/64 dev eth0 nodad");
    BOOST_TEST(house.router.can_ping("2001:db8:1::abcd"));
    BOOST_TEST(soon(working, [&] { return working.knows("2001:db8:1::abcd"); }));
    const UdpSocket temporary = house.phone.udp("[2001:db8:1::abcd]:5000");
    const UdpSocket stranger = house.internet.udp("[2001:db8:f::3]:7001");
    BOOST_TEST(heard_by(temporary, stranger, "[2001:db8:1::abcd]:5000") == "[2001:db8:f::3]:7001");

    // The console takes over the address that was asked for.
    house.phone.ip("address del 2001:db8:1::20/64 dev eth0");
    house.console.ip("address add 2001:db8:1::20/64 dev eth0 nodad");
    house.router.ip("neigh flush dev br-lan");
    BOOST_TEST(house.router.can_ping("2001:db8:1::20"));
    const auto in_kernel = [&](const std::string& inside) {
        return house.router
                   .run({"nft", "-n", "list", "set", "inet", "gatehouse", "pinhole_counted"})
                   .out.find(inside + " . 17 . 5000") != std::string::npos;
    };
    BOOST_TEST(soon(working, [&] { return !in_kernel("2001:db8:1::20"); }));
    const UdpSocket console = house.console.udp("[2001:db8:1::20]:5000");
    const UdpSocket another = house.internet.udp("[2001:db8:f::3]:7002");
    BOOST_TEST(heard_by(console, another, "[2001:db8:1::20]:5000", 200ms) == kNobody);
}

BOOST_AUTO_TEST_SUITE_END()
