// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the house promises, whatever the world does to it.
#include <boost/test/unit_test.hpp>
#include <set>

#include "gateway/nat/ruleset.h"
#include "tests/world/seeds.h"
#include "tests/world/world.h"

using namespace gatehouse;
using namespace gatehouse::world;

namespace {

std::string ruleset_for(const config::Config& config) {
    return nat::write_ruleset(nat::ruleset_input(config));
}

std::optional<Ip4> true_outside_address(World& world) {
    const daemon::Interface* wan = world.kernel().find(world.wanted().gateway.wan);
    if (wan == nullptr || !wan->running || wan->addresses.empty()) return std::nullopt;
    return wan->addresses.front().address;
}

// All is as it shall be, after the world has been quiet for a while.
void require_in_order(World& world) {
    BOOST_TEST_CONTEXT(world.story()) {
        BOOST_REQUIRE(world.runs());
        BOOST_TEST(!world.kernel().forwarded_unfiltered());
        BOOST_TEST(world.kernel().forwarding());
        BOOST_REQUIRE(world.kernel().table().has_value());
        BOOST_TEST(*world.kernel().table() == ruleset_for(world.wanted()));
        BOOST_TEST((world.house().outside_address() == true_outside_address(world)));
        BOOST_TEST((world.kernel().elements() == world.house().engine().wanted()));
        BOOST_TEST((world.kernel().pinholes() == world.house().engine().wanted_pinholes()));
    }
}

config::Config drawn_config(World& world) {
    config::Config config = house_config();
    config.gateway.firewall = world.random().below(4) != 0;
    if (world.random().below(3) == 0) config.gateway.lan.emplace_back("br-guest");
    if (world.random().below(3) == 0) config.nat.ports = {Port{20000}, Port{29999}};
    if (world.random().below(5) == 0) config.gateway.wan = "wan1";
    return config;
}

void change_wan(World& world) {
    const std::uint64_t what = world.random().below(5);
    world.change([&](FakeKernel& kernel) {
        daemon::Interface* wan = kernel.find("wan0");
        if (wan == nullptr) {
            kernel.interfaces.push_back({"wan0", true, {{Ip4::of(11, 0, 0, 7), 24}}, {}});
        } else if (what == 0) {
            wan->name = "ppp9";
        } else if (what == 1) {
            wan->addresses.clear();
        } else if (what == 2) {
            wan->running = !wan->running;
        } else {
            const auto last = static_cast<std::uint8_t>(1 + world.random().below(200));
            wan->addresses = {{Ip4::of(11, 0, 0, last), 24}};
        }
    });
}

// Some hosts talk to somebody outside.
void talk(World& world) {
    for (std::uint64_t n = world.random().below(20); n > 0; --n) {
        const auto host = static_cast<std::uint8_t>(2 + world.random().below(5));
        const auto port = static_cast<std::uint16_t>(5000 + world.random().below(8));
        world.first_packet(Proto::udp, {Ip4::of(192, 168, 1, host), Port{port}},
                           {Ip4::of(11, 0, 0, 2), Port{3478}});
    }
}

Ip6 inside6(std::uint64_t host) {
    Ip6 address = *parse_ip6("2001:db8:1::");
    address.bytes[15] = static_cast<std::uint8_t>(host);
    return address;
}

Mac mac(std::uint64_t host) {
    return {{2, 0, 0, 0, 0, static_cast<std::uint8_t>(host)}};
}

nat::PinholeRequest pinhole_to(const Ip6& inside, Duration lifetime) {
    nat::PinholeRequest request;
    request.inside = inside;
    request.port = Port{443};
    request.lifetime = lifetime;
    request.owner = {nat::OwnerKind::pcp, "host"};
    return request;
}

// Hosts take IPv6 addresses, also each other's, and want to be reached at them.
void move_and_ask(World& world) {
    for (std::uint64_t n = world.random().below(6); n > 0; --n) {
        const std::uint64_t host = 2 + world.random().below(4);
        const bool leaves = world.random().below(4) == 0;
        world.see_neighbour(inside6(16 + world.random().below(8)),
                            leaves ? std::nullopt : std::optional(mac(host)));
    }
    world.ask([&](nat::MappingService& service) {
        nat::PinholeRequest request =
            pinhole_to(inside6(16 + world.random().below(8)), world.up_to(2h) + 1s);
        if (world.random().below(2) == 0) request.host = mac(2 + world.random().below(4));
        request.port = Port{static_cast<std::uint16_t>(5000 + world.random().below(3))};
        if (world.random().below(2) == 0) request.remote = *parse_ip6("2001:db8:ffff::2");
        const auto made = service.open_pinhole(request, world.now());
        if (made && world.random().below(3) == 0) {
            (void)service.close_pinhole(made->id, request.owner, world.now());
        }
    });
}

void strike(World& world) {
    const auto some = [&world](std::uint64_t most) {
        return static_cast<unsigned>(world.random().below(most + 1));
    };
    switch (world.random().below(11)) {
        case 0: world.flush_table(); break;
        case 1: world.spoil_table(); break;
        case 2: world.kernel().refuse_next_loads(1 + some(3)); break;
        case 3: world.kill(); break;
        case 4: world.reconfigure(drawn_config(world)); break;
        case 5: world.set_slow_loads(world.up_to(2s)); break;
        case 6: world.kernel().refuse_next_commits(some(2)); break;
        case 7: talk(world); break;
        case 8: move_and_ask(world); break;
        default: change_wan(world);
    }
    if (!world.runs() && world.random().below(2) == 0) world.start();
}

}  // namespace

BOOST_AUTO_TEST_CASE(an_untroubled_start_loads_the_rules_before_it_forwards) {
    World world(1);
    world.start();
    world.pass(1s);
    require_in_order(world);
    BOOST_TEST(world.kernel().loads() == 1U);
}

BOOST_AUTO_TEST_CASE(a_start_whose_rules_are_refused_ends_and_forwards_nothing) {
    World world(1);
    world.kernel().refuse_next_loads(1);
    world.start();
    BOOST_TEST(!world.runs());
    BOOST_TEST(world.start_failure().value_or("") == "no buffer space available");
    BOOST_TEST(!world.kernel().forwarding());
}

BOOST_AUTO_TEST_CASE(a_foreign_flush_is_repaired_at_once) {
    World world(1);
    world.start();
    world.pass(1s);
    world.flush_table();
    world.pass(1ms);
    require_in_order(world);
    BOOST_TEST(world.house().metrics().value(Metric::ruleset_repairs) == 1);
}

BOOST_AUTO_TEST_CASE(two_programs_that_fight_over_the_table_do_not_eat_the_processor) {
    World world(1);
    world.start();
    const std::size_t before = world.kernel().loads();
    for (int i = 0; i < 10000; ++i) {
        world.flush_table();
        world.pass(1ms);
    }
    BOOST_TEST(world.kernel().loads() - before <= 10s / daemon::House::kRepairPause + 1);
    // Nor do they fill the log.
    const std::string story = world.story();
    std::size_t lines = 0;
    for (const char* fact : {"table changed by", "ruleset loaded"}) {
        for (std::size_t at = 0; (at = story.find(fact, at)) != story.npos; ++at)
            ++lines;
    }
    BOOST_TEST(lines >= 10U);
    BOOST_TEST(lines <= 21U);
    world.pass(1s);
    require_in_order(world);
}

BOOST_AUTO_TEST_CASE(a_refused_repair_is_tried_again_ever_more_slowly_until_it_holds) {
    World world(1);
    world.start();
    world.pass(1s);
    world.kernel().refuse_next_loads(4);
    world.flush_table();
    world.pass(14s);  // 1 + 2 + 4 seconds, and the fourth refusal
    BOOST_TEST(!world.kernel().table().has_value());
    world.pass(2s);
    require_in_order(world);
}

BOOST_AUTO_TEST_CASE(the_outside_address_follows_the_interface_wherever_it_goes) {
    World world(1);
    world.start();
    const auto shown = [&] {
        world.pass(1ms);
        const auto address = world.house().outside_address();
        return address ? address->to_string() : "none";
    };
    BOOST_TEST(shown() == "11.0.0.1");
    world.change([](FakeKernel& kernel) { kernel.find("wan0")->running = false; });
    BOOST_TEST(shown() == "none");
    world.change([](FakeKernel& kernel) {
        *kernel.find("wan0") = {"wan0", true, {{Ip4::of(100, 64, 0, 9), 10}}, {}};
    });
    BOOST_TEST(shown() == "100.64.0.9");
    world.change([](FakeKernel& kernel) { kernel.find("wan0")->name = "other"; });
    BOOST_TEST(shown() == "none");
    config::Config config = house_config();
    config.gateway.wan = "other";
    world.reconfigure(config);
    BOOST_TEST(shown() == "100.64.0.9");
}

BOOST_AUTO_TEST_CASE(a_link_that_is_down_for_a_while_costs_no_host_its_mapping) {
    World world(1);
    world.start();
    const Endpoint4 phone{Ip4::of(192, 168, 1, 20), Port{5060}};
    world.first_packet(Proto::udp, phone, {Ip4::of(11, 0, 0, 2), Port{5060}});
    world.pass(1ms);
    const auto before = world.kernel().elements();
    BOOST_REQUIRE(!before.empty());
    world.change([](FakeKernel& kernel) { kernel.find("wan0")->running = false; });
    world.pass(1ms);
    BOOST_TEST((world.kernel().elements() == before));
    world.change([](FakeKernel& kernel) { kernel.find("wan0")->running = true; });
    world.pass(1ms);
    BOOST_TEST((world.kernel().elements() == before));
    // Its address is another matter.
    world.change([](FakeKernel& kernel) { kernel.find("wan0")->addresses.clear(); });
    world.pass(1ms);
    BOOST_TEST(world.kernel().elements().empty());
}

// Those of the network of the best one, and single ones; not that of the modem.
BOOST_AUTO_TEST_CASE(hosts_leave_from_all_addresses_by_which_the_world_knows_the_house) {
    World world(1);
    const std::set<Ip4> known{Ip4::of(11, 0, 0, 1), Ip4::of(11, 0, 0, 9), Ip4::of(11, 5, 0, 1)};
    world.change([](FakeKernel& kernel) {
        kernel.find("wan0")->addresses = {{Ip4::of(11, 0, 0, 1), 24},
                                          {Ip4::of(192, 168, 100, 2), 24},
                                          {Ip4::of(11, 0, 0, 9), 24},
                                          {Ip4::of(11, 5, 0, 1), 32},
                                          {Ip4::of(11, 6, 0, 1), 24}};
    });
    world.start();
    std::set<Ip4> used;
    for (std::uint8_t host = 2; host < 60; ++host) {
        world.first_packet(Proto::udp, {Ip4::of(192, 168, 1, host), Port{5060}},
                           {Ip4::of(11, 0, 77, 2), Port{5060}});
    }
    for (const nat::Element& element : world.kernel().elements()) {
        if (element.set == nat::KernelSet::source) used.insert(element.value.address);
    }
    BOOST_TEST((used == known));
}

BOOST_AUTO_TEST_CASE(networks_that_overlap_are_told) {
    const struct {
        Prefix4 outside;
        bool overlaps;
    } kCases[] = {{{Ip4::of(192, 168, 2, 50), 24}, false},
                  {{Ip4::of(192, 168, 1, 50), 24}, true},
                  {{Ip4::of(192, 168, 7, 50), 16}, true},
                  {{Ip4::of(192, 168, 1, 50), 30}, true}};
    for (const auto& one : kCases) {
        World world(1);
        world.start();
        world.change([&](FakeKernel& kernel) { kernel.find("wan0")->addresses = {one.outside}; });
        world.pass(1ms);
        const bool told = world.story().find("outside and inside overlap") != std::string::npos;
        BOOST_TEST(told == one.overlaps);
    }
}

BOOST_AUTO_TEST_CASE(hosts_leave_from_addresses_of_one_purpose) {
    struct Row {
        std::vector<const char*> addresses;
        std::vector<const char*> used;
    };
    const Row rows[] = {
        {{"11.0.0.1/24", "11.0.0.2/24"}, {"11.0.0.1", "11.0.0.2"}},     // 1 one subnet
        {{"11.0.0.1/24", "11.9.9.9/32"}, {"11.0.0.1", "11.9.9.9"}},     // 2 routed one by one
        {{"11.0.0.1/24", "192.168.100.2/24"}, {"11.0.0.1"}},            // 3 the modem's web page
        {{"11.0.0.1/24", "12.0.0.1/24"}, {"11.0.0.1"}},                 // 4 another network
        {{"192.168.178.2/24", "192.168.100.2/24"}, {"192.168.178.2"}},  // 5 behind another router
        {{"11.0.0.1/24", "10.0.0.9/32"}, {"11.0.0.1"}},                 // 6 a tunnel
        {{"100.64.0.9/10"}, {"100.64.0.9"}},                            // 7 the usual
        {{}, {}},                                                       // 8 none
    };
    for (const Row& row : rows) {
        daemon::Interface wan{"wan0", true, {}, {}};
        for (const char* text : row.addresses)
            wan.addresses.push_back(*parse_prefix4(text));
        std::vector<std::string> used;
        for (const Ip4 address : daemon::outside_addresses_of(wan))
            used.push_back(address.to_string());
        BOOST_TEST((used == std::vector<std::string>(row.used.begin(), row.used.end())),
                   (row.addresses.empty() ? "none" : row.addresses.back()));
    }
}

BOOST_AUTO_TEST_CASE(a_mapping_outlives_the_daemon_and_a_foreign_flush) {
    World world(1);
    world.start();
    world.pass(1s);
    const Endpoint4 inside{Ip4::of(192, 168, 1, 20), Port{5060}};
    const Endpoint4 remote{Ip4::of(11, 0, 0, 2), Port{5060}};
    world.first_packet(Proto::udp, inside, remote);
    BOOST_REQUIRE(world.kernel().verdicts.size() == 1U);
    BOOST_TEST((world.kernel().verdicts[0].kind == nat::Verdict::Kind::accept));
    const std::vector<nat::Element> elements = world.kernel().elements();
    BOOST_TEST(elements.size() >= 2U);
    world.kill();
    world.pass(10s);
    world.start();
    world.pass(1s);
    BOOST_TEST((world.kernel().elements() == elements));
    world.flush_table();
    world.pass(1s);
    BOOST_TEST((world.kernel().elements() == elements));
    require_in_order(world);
}

BOOST_AUTO_TEST_CASE(the_log_does_not_tell_whom_a_host_talks_to) {
    World world(1);
    config::Config config = house_config();
    config.gateway.log_level = config::LogLevel::debug;
    world.start(config);
    world.first_packet(Proto::udp, {Ip4::of(192, 168, 1, 20), Port{5060}},
                       {Ip4::of(11, 0, 77, 2), Port{5060}});
    world.pass(10min);
    BOOST_TEST(world.story().find("192.168.1.20") != std::string::npos);
    BOOST_TEST(world.story().find("11.0.77.2") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_device_that_asks_again_and_again_does_not_fill_the_log) {
    World world(1);
    world.start();
    const auto lines = [&world] {
        std::size_t count = 0;
        const std::string story = world.story();
        for (std::size_t at = 0; (at = story.find("nat: forward", at)) != story.npos; ++at)
            ++count;
        return count;
    };
    const std::size_t before = lines();
    const auto flood = [&world] {
        for (int i = 0; i < 500; ++i) {
            world.ask([&world](nat::MappingService& service) {
                nat::ForwardRequest request;
                request.inside = {Ip4::of(192, 168, 1, 20), Port{5000}};
                request.outside = Port{5000};
                request.owner = {nat::OwnerKind::igd, "device"};
                const auto made = service.request(request, world.now());
                if (made) (void)service.release(made->id, request.owner, world.now());
            });
        }
    };
    flood();
    BOOST_TEST(lines() - before == 40U);  // 20 that one was added, and 20 that it ended
    BOOST_TEST(world.house().metrics().value(Metric::log_lines_suppressed) == 960);
    world.pass(11s);
    flood();
    BOOST_TEST(world.house().metrics().value(Metric::log_lines_suppressed) == 1920);
    BOOST_TEST(world.story().find("suppressed=480") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_mapping_ends_when_no_session_uses_it) {
    World world(1);
    world.start();
    world.first_packet(Proto::udp, {Ip4::of(192, 168, 1, 20), Port{5060}},
                       {Ip4::of(11, 0, 0, 2), Port{5060}});
    BOOST_TEST(!world.kernel().elements().empty());
    world.pass(10min);
    BOOST_TEST(world.kernel().elements().empty());
}

BOOST_AUTO_TEST_CASE(a_pinhole_follows_its_host_and_never_opens_the_way_to_another) {
    World world(1);
    world.start();
    world.pass(1s);
    world.see_neighbour(inside6(20), mac(2));
    world.ask([&](nat::MappingService& service) {
        BOOST_TEST(service.open_pinhole(pinhole_to(inside6(20), 1h), world.now()).ok());
    });
    const auto reached = [&] {
        std::string out;
        for (const nat::PinholeElement& hole : world.kernel().pinholes())
            out += (out.empty() ? "" : " ") + hole.inside.to_string();
        return out;
    };
    BOOST_TEST(reached() == "2001:db8:1::14");
    world.see_neighbour(inside6(21), mac(2));
    world.see_neighbour(*parse_ip6("2001:db8:2::9"), mac(2));  // not a prefix of the house
    BOOST_TEST(reached() == "2001:db8:1::14 2001:db8:1::15");
    world.see_neighbour(inside6(20), mac(3));
    BOOST_TEST(reached() == "2001:db8:1::15");
    world.see_neighbour(inside6(21), std::nullopt);
    BOOST_TEST(reached() == "");
    world.see_neighbour(inside6(20), mac(2));
    BOOST_TEST(reached() == "2001:db8:1::14");
    world.flush_table();
    world.pass(1s);
    BOOST_TEST(reached() == "2001:db8:1::14");
    world.kernel().refuse_next_commits(1);
    world.see_neighbour(inside6(21), mac(2));
    world.pass(nat::Engine::kRepairGap);
    BOOST_TEST(reached() == "2001:db8:1::14 2001:db8:1::15");
    world.pass(1h);
    BOOST_TEST(reached() == "");
    require_in_order(world);
}

BOOST_AUTO_TEST_CASE(pinholes_of_a_daemon_that_died_end_with_the_next_start) {
    World world(1);
    world.start();
    world.ask([&](nat::MappingService& service) {
        BOOST_TEST(service.open_pinhole(pinhole_to(inside6(20), 1h), world.now()).ok());
    });
    BOOST_TEST(world.kernel().pinholes().size() == 1U);
    world.kill();
    BOOST_TEST(world.kernel().pinholes().size() == 1U);
    world.start();
    world.pass(1s);
    BOOST_TEST(world.kernel().pinholes().empty());
}

BOOST_AUTO_TEST_CASE(an_equal_notice_about_links_is_no_news) {
    World world(1);
    world.start();
    const auto changes = [&] { return world.house().metrics().value(Metric::link_changes); };
    const auto before = changes();
    for (int i = 0; i < 5; ++i)
        world.change([](FakeKernel&) {});
    world.pass(1s);
    BOOST_TEST(changes() == before);
}

// A day of a bad home: something breaks every few minutes. Afterwards all is in order.
BOOST_AUTO_TEST_CASE(whatever_happened_the_house_is_in_order_when_it_is_quiet_again) {
    for_each_seed(300, [](std::uint64_t seed) {
        World world(seed);
        world.set_slowness(world.up_to(3s));
        world.start();
        for (const Instant end = world.now() + 24h; world.now() < end;) {
            // Troubles come in bursts: the next one in the middle of the last, or much later.
            strike(world);
            world.pass(world.up_to(world.random().below(2) == 0 ? Duration(2s) : Duration(20min)));
        }
        world.kernel().refuse_next_loads(0);
        world.kernel().refuse_next_commits(0);
        if (!world.runs()) world.start();
        world.pass(2 * daemon::House::kLongestRetry);
        require_in_order(world);
    });
}
