// SPDX-License-Identifier: GPL-2.0-or-later
//
// The DHCP server as the rest of the house sees it.
#include <boost/test/unit_test.hpp>

#include "gateway/base/text.h"
#include "gateway/daemon/dhcp_api.h"
#include "gateway/daemon/house.h"
#include "gateway/daemon/name_servers.h"

using namespace gatehouse;
using namespace gatehouse::daemon;

namespace {

constexpr Instant kNow{1000s};
const Ip4 kPhone = Ip4::of(192, 168, 1, 150);

struct Fixture {
    Fixture() : house(HashKey{1, 2}) {
        config.gateway.wan = "wan0";
        config.gateway.lan = {"br-lan"};
        config::DhcpPool pool;
        pool.interface = "br-lan";
        pool.leasetime = 1h;
        config.dhcp = {pool};
        house.handle(LinksSeen{{{"br-lan", true, {{Ip4::of(192, 168, 1, 1), 24}}}}}, kNow, effects);
        house.handle(Started{config, {}, "myrouter"}, kNow, effects);
    }

    // The reply to a request for the phone's address.
    std::optional<dhcp::Message> ask(std::string_view name) {
        dhcp::Message message;
        message.chaddr[5] = 7;
        message.options.set_u8(dhcp::option::kMessageType, 3);
        message.options.set_u32(dhcp::option::kRequestedAddress, kPhone.value);
        message.options.set_text(dhcp::option::kHostName, name);
        effects.clear();
        const auto packet = dhcp::write_message(message, 548);
        house.handle(dhcp::PacketSeen{"br-lan", packet, Ip4{}}, kNow, effects);
        if (effects.dhcp.sends.empty()) return std::nullopt;
        const auto reply = dhcp::parse_message(effects.dhcp.sends[0].payload);
        return reply ? std::optional(*reply) : std::nullopt;
    }
    std::string dns() {
        const auto reply = ask("phone");
        BOOST_REQUIRE(reply.has_value());
        return reply->options.ip4(dhcp::option::kDns).value_or(Ip4{}).to_string();
    }

    config::Config config;
    House house;
    Effects effects;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(dhcp_in_the_house, Fixture)

BOOST_AUTO_TEST_CASE(a_device_with_a_lease_is_a_host_until_the_lease_ends) {
    BOOST_REQUIRE(ask("phone").has_value());
    const nat::Host* host = house.hosts().find(kPhone);
    BOOST_REQUIRE(host != nullptr);
    BOOST_TEST(host->name() == "phone");
    BOOST_TEST(host->mac->to_string() == "00:00:00:00:00:07");
    house.handle(TimerFired{}, kNow + 2h, effects);
    BOOST_TEST(house.hosts().find(kPhone) == nullptr);
    BOOST_TEST(house.metrics().value(Metric::dhcp_lease_changes, "expired") == 1);
}

BOOST_AUTO_TEST_CASE(no_device_takes_the_name_of_the_router) {
    BOOST_REQUIRE(ask("MyRouter").has_value());
    BOOST_TEST(house.hosts().find(kPhone)->name().empty());
}

BOOST_AUTO_TEST_CASE(no_device_gets_a_further_address_of_the_router) {
    house.handle(LinksSeen{{{"br-lan", true, {{Ip4::of(192, 168, 1, 1), 24}}, {}, {kPhone}}}}, kNow,
                 effects);
    const auto reply = ask("phone");
    BOOST_REQUIRE(reply.has_value());
    BOOST_TEST((reply->type() == dhcp::MessageType::nak));
}

BOOST_AUTO_TEST_CASE(devices_ask_whoever_answers_names) {
    BOOST_TEST(dns() == "192.168.1.1");
    house.handle(NameServersSeen{{Ip4::of(9, 9, 9, 9)}}, kNow, effects);
    BOOST_TEST(dns() == "9.9.9.9");
    const nat::ReservedPort resolver{Proto::udp, {Port{53}, Port{53}}};
    house.handle(PortsSeen{{resolver}}, kNow, effects);
    BOOST_TEST(dns() == "192.168.1.1");
    house.handle(PortsSeen{{}}, kNow, effects);
    BOOST_TEST(dns() == "9.9.9.9");
}

BOOST_AUTO_TEST_CASE(the_api_lists_leases_and_only_reads) {
    control::Request request;
    request.path = "/api/v1/leases";
    request.method = "GET";
    BOOST_TEST(serve_dhcp(house.dhcp(), request, kNow)->body == "[]");
    BOOST_REQUIRE(ask("phone").has_value());
    BOOST_TEST(serve_dhcp(house.dhcp(), request, kNow + 10s)->body ==
               R"([{"address":"192.168.1.150","mac":"00:00:00:00:00:07","name":"phone",)"
               R"("state":"bound","expires_in":3590}])");
    request.method = "POST";
    BOOST_TEST(serve_dhcp(house.dhcp(), request, kNow)->status == 405U);
    request.path = "/api/v1/hosts";
    BOOST_TEST(!serve_dhcp(house.dhcp(), request, kNow).has_value());
}

BOOST_AUTO_TEST_CASE(metrics_count_messages_and_addresses) {
    BOOST_REQUIRE(ask("phone").has_value());
    Metrics& metrics = house.metrics();
    update_dhcp_metrics(metrics, house.dhcp(), 3);
    BOOST_TEST(metrics.value(Metric::dhcp_dropped, "overload") == 3);
    BOOST_TEST(metrics.value(Metric::dhcp_received, "request") == 1);
    BOOST_TEST(metrics.value(Metric::dhcp_sent, "ack") == 1);
    BOOST_TEST(metrics.value(Metric::leases, "bound") == 1);
    BOOST_TEST(metrics.value(Metric::dhcp_addresses, "br-lan") == 150);
    BOOST_TEST(metrics.value(Metric::dhcp_addresses_free, "br-lan") == 149);
}

BOOST_AUTO_TEST_CASE(servers_that_others_could_ask_are_found_in_a_resolver_file) {
    const auto shown = [](std::string_view text) {
        std::string out;
        for (const Ip4 server : name_servers_in(text))
            append(out, server.to_string(), ' ');
        return out;
    };
    BOOST_TEST(shown("# x\nnameserver 9.9.9.9\nnameserver\t1.1.1.1 \n") == "9.9.9.9 1.1.1.1 ");
    BOOST_TEST(shown("nameserver 127.0.0.53\nnameserver ::1\nnameserver 0.0.0.0\n").empty());
    BOOST_TEST(shown("nameserver\nnameservers 1.1.1.1\nnameserver 9.9.9.9\nnameserver 9.9.9.9") ==
               "9.9.9.9 ");
}

BOOST_AUTO_TEST_SUITE_END()
