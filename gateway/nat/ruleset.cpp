// SPDX-License-Identifier: GPL-2.0-or-later
//
// Chains, in the order in which a packet meets them:
//   from_outside  destination translation: to the inside endpoint found in the maps.
//   forward       who may talk to whom; its first rules are all that a packet of a known session
//                 sees. New sessions of the house go through from_house or within_house, where an
//                 endpoint without an element in a source map is handed to the queue.
//   to_outside    source translation: from the outside endpoint found in the maps, or, while nobody
//                 answers the queue, as the kernel chooses.
//   to_router     new packets from outside only to ports where the router listens.
//   untranslated  the last look before the wire: no packet of the house leaves with a source
//                 address that is not the router's own now, whatever happened before (an untracked
//                 packet, a session that began before the translation was loaded, an address that
//                 the router has just lost).
#include "gateway/nat/ruleset.h"

#include <algorithm>
#include <array>

#include "gateway/base/text.h"

namespace gatehouse::nat {

namespace {

// Pieces of rules. The first two are the key of an endpoint, before and after translation.
constexpr std::string_view kSource = "ip saddr . meta l4proto . th sport";
constexpr std::string_view kDestination = "ip daddr . meta l4proto . th dport";
// The identifier of an echo request stands in the place of the port.
constexpr std::string_view kEchoKey = "ip saddr . meta l4proto . ct original proto-src";
constexpr std::string_view kPorts = "meta nfproto ipv4 meta l4proto { tcp, udp }";
constexpr std::string_view kEndpointType = "type ipv4_addr . inet_proto . inet_service";

// Answers of name servers come at once or never.
constexpr std::int64_t kDnsSeconds = 30;

struct BaseChain {
    std::string_view name;
    std::string_view hook;
};

// In the order in which they are written. Of these forward alone may drop by policy.
constexpr std::array kBaseChains{
    BaseChain{"from_outside", "nat hook prerouting priority dstnat - 5"},
    BaseChain{"forward", "filter hook forward priority filter"},
    BaseChain{"to_outside", "nat hook postrouting priority srcnat - 5"},
    BaseChain{"to_router", "filter hook input priority filter"},
    BaseChain{"untranslated", "filter hook postrouting priority srcnat + 10"},
};
constexpr std::array kChains{
    std::string_view("from_house"), std::string_view("within_house"), std::string_view("to_house"),
    std::string_view("unknown"),    std::string_view("unknown_icmp"), std::string_view("from_maps"),
    std::string_view("translate"),
};

// Interface names were validated by the configuration: no quotes, no control characters.
std::string quoted(std::string_view name) {
    return concat('"', name, '"');
}

template <class Range, class Text>
std::string set_of(const Range& range, Text&& text) {
    std::string out = "{ ";
    bool first = true;
    for (const auto& item : range) {
        append(out, first ? "" : ", ", text(item));
        first = false;
    }
    return out + " }";
}

class Writer {
  public:
    explicit Writer(const RulesetInput& input)
        : input_(input), wan_(quoted(input.wan)), lan_(set_of(input.lan, quoted)) {}

    std::string whole();

  private:
    void line(std::string_view text) { append(out_, "    ", text, "\n"); }
    template <class... Parts>
    void rule(const Parts&... parts) {
        append(out_, "        ", parts..., "\n");
    }
    void begin(std::string_view chain) { append(out_, "    chain ", chain, " {\n"); }
    // The policy is always written: a chain that exists already takes it over.
    void begin(const BaseChain& chain) {
        const bool drops = chain.name == "forward" && input_.firewall;
        begin(chain.name);
        rule("type ", chain.hook, "; policy ", drops ? "drop" : "accept", ";");
    }
    void end() { out_ += "    }\n"; }

    void write_timeouts();
    void write_maps();
    void write_from_outside();
    void write_forward();
    void write_from_house();
    void write_to_house();
    void write_unknown();
    void write_to_outside();
    void write_to_router();
    void write_untranslated();
    std::string udp_timeout() const;
    std::string tcp_timeout() const;

    const RulesetInput& input_;
    std::string wan_;
    std::string lan_;
    std::string out_;
};

// The kernel cannot change such an object, so its name says what it holds.
std::string Writer::udp_timeout() const {
    return concat("udp_", whole_seconds(input_.timeouts.udp));
}

std::string Writer::tcp_timeout() const {
    return concat("tcp_", whole_seconds(input_.timeouts.tcp_established), "_",
                  whole_seconds(input_.timeouts.tcp_transitory));
}

void Writer::write_timeouts() {
    const auto udp = [this](std::string_view name, std::int64_t seconds) {
        line(concat("ct timeout ", name, " { protocol udp; l3proto ip; policy = { unreplied : ",
                    seconds, ", replied : ", seconds, " }; }"));
    };
    udp(udp_timeout(), whole_seconds(input_.timeouts.udp));
    udp(concat("dns_", kDnsSeconds), kDnsSeconds);
    const std::int64_t established = whole_seconds(input_.timeouts.tcp_established);
    const std::int64_t other = whole_seconds(input_.timeouts.tcp_transitory);
    std::string policy = concat("established : ", established);
    for (const char* state :
         {"syn_sent", "syn_recv", "fin_wait", "close_wait", "last_ack", "time_wait", "close"}) {
        append(policy, ", ", state, " : ", other);
    }
    line(concat("ct timeout ", tcp_timeout(), " { protocol tcp; l3proto ip; policy = { ", policy,
                " }; }"));
}

void Writer::write_maps() {
    const auto declare = [this](std::string_view kind, std::string_view name, std::string_view more,
                                std::string_view data) {
        line(concat(kind, " ", name, " { ", kEndpointType, more, data.empty() ? "" : " : ", data,
                    "; }"));
    };
    constexpr std::string_view kEndpoint = "ipv4_addr . inet_service";
    constexpr std::string_view kRemote = " . ipv4_addr";
    declare("map", "source", "", kEndpoint);
    declare("map", "source_address", kRemote, kEndpoint);
    declare("map", "source_session", " . ipv4_addr . inet_service", kEndpoint);
    declare("map", "inbound", "", kEndpoint);
    declare("map", "inbound_remote", kRemote, kEndpoint);
    declare("map", "hairpin", "", kEndpoint);
    declare("set", "open", "", "");
    declare("set", "open_remote", kRemote, "");
    line(concat("set ", kRouterPortsSet, " { type inet_proto . inet_service; }"));
    line(concat("set permit { ", kEndpointType, kRemote,
                "; flags dynamic,timeout; timeout 5m; size 131072; }"));
}

void Writer::write_from_outside() {
    begin(kBaseChains[0]);
    const std::string from = input_.hairpin ? "" : concat("iifname ", wan_, " ");
    rule(from, kPorts, " dnat ip to ", kDestination, " . ip saddr map @inbound_remote");
    rule(from, kPorts, " dnat ip to ", kDestination, " map @inbound");
    if (input_.hairpin) {
        rule("iifname ", lan_, " ", kPorts, " dnat ip to ", kDestination, " map @hairpin");
    }
    if (input_.dmz) {
        rule("iifname ", wan_, " ", kPorts, " meta l4proto . th dport @", kRouterPortsSet,
             " accept");
        rule("iifname ", wan_, " fib daddr type local ", kPorts, " dnat ip to ",
             input_.dmz->to_string());
    }
    end();
}

void Writer::write_forward() {
    begin(kBaseChains[1]);
    rule("tcp flags & (syn | rst) == syn tcp option maxseg size set rt mtu");
    rule("ct status confirmed accept");
    rule("ct state invalid,untracked counter drop comment \"invalid\"");
    rule("iifname ", lan_, " fib saddr . iif oif missing counter drop comment \"spoofed\"");
    if (input_.timeout_objects) {
        rule("meta nfproto ipv4 udp dport 53 ct timeout set \"dns_", kDnsSeconds, "\"");
        rule("meta nfproto ipv4 udp dport != 53 ct timeout set ", quoted(udp_timeout()));
        rule("meta nfproto ipv4 meta l4proto tcp ct timeout set ", quoted(tcp_timeout()));
    }
    rule("iifname ", lan_, " oifname ", wan_, " goto from_house");
    rule("iifname ", lan_, " oifname ", lan_, " goto within_house");
    rule("iifname ", wan_, " oifname ", lan_, " ct status dnat jump to_house");
    if (input_.firewall) rule("counter comment \"refused\"");
    end();
}

void Writer::write_from_house() {
    begin("from_house");
    if (input_.permits) {
        rule(kPorts, " add @permit { ", kSource, " . ip daddr timeout ",
             std::max(whole_seconds(input_.timeouts.udp), std::int64_t{300}), "s }");
    }
    rule(kPorts, " jump unknown");
    rule("icmp type echo-request jump unknown_icmp");
    rule("accept");
    end();
    begin("within_house");
    if (input_.hairpin) rule("ct status dnat ", kPorts, " jump unknown");
    rule("accept");
    end();
}

void Writer::write_to_house() {
    begin("to_house");
    rule(kPorts, " ", kDestination, " @open accept");
    rule(kPorts, " ", kDestination, " . ip saddr @open_remote accept");
    if (input_.permits) rule(kPorts, " ", kDestination, " . ip saddr @permit accept");
    if (input_.dmz) rule("ip daddr ", input_.dmz->to_string(), " accept");
    // Where another program filters, only what our own maps led here is ours to drop.
    if (!input_.firewall) rule(kPorts, " ", kDestination, " @source counter drop");
    end();
}

void Writer::write_unknown() {
    begin("unknown");
    rule(kSource, " @source return");
    if (input_.by_address) rule(kSource, " . ip daddr @source_address return");
    if (input_.by_session) rule(kSource, " . ip daddr . th dport @source_session return");
    rule("goto ", kQueueChain);
    end();
    begin("unknown_icmp");
    rule("icmp type echo-request ", kEchoKey, " @source return");
    rule("goto ", kQueueChain);
    end();
}

void Writer::write_to_outside() {
    begin(kBaseChains[2]);
    rule("iifname ", lan_, " oifname ", wan_, " meta nfproto ipv4 goto translate");
    // A peer's packet may cross the one with which the host begins the same session, in the moment
    // between the kernel's look for a session and this one. Without a rule the kernel would make
    // its source port another, to keep both; so one of the two is lost, and the peer's next packet
    // belongs to the host's session.
    rule("iifname ", wan_, " ct status dnat meta nfproto ipv4 meta l4proto udp snat ip to ",
         "ip saddr : th sport");
    // Who comes from outside has no element in a source map, so only hairpinned sessions of the
    // house are translated here. (Behind a queue the kernel may have forgotten where from.)
    if (input_.hairpin) rule("oifname ", lan_, " ct status dnat ", kPorts, " goto from_maps");
    end();
    begin("from_maps");
    rule(kPorts, " snat ip to ", kSource, " map @source");
    if (input_.by_address) rule(kPorts, " snat ip to ", kSource, " . ip daddr map @source_address");
    if (input_.by_session) {
        rule(kPorts, " snat ip to ", kSource, " . ip daddr . th dport map @source_session");
    }
    end();
    begin("translate");
    rule(kPorts, " jump from_maps");
    rule("icmp type echo-request snat ip to ", kEchoKey, " map @source");
    PortRange free = input_.ports;
    if (free.last > kRouterPorts.last) {
        free.first =
            std::max(free.first, Port{static_cast<std::uint16_t>(kRouterPorts.last.number + 1)});
    }
    rule(kPorts, " masquerade to :", free.to_string());
    rule("masquerade");
    end();
}

// An answer of the router's kernel would make a session of a stranger's packet, and that session
// would stand in the way of the host whose hole punching it belongs to.
void Writer::write_to_router() {
    begin(kBaseChains[3]);
    rule("iifname != ", wan_, " accept");
    rule("ct status confirmed accept");
    rule(kPorts, " meta l4proto . th dport != @", kRouterPortsSet, " counter drop");
    end();
}

void Writer::write_untranslated() {
    begin(kBaseChains[4]);
    rule("oifname != ", wan_, " accept");
    rule("iif != 0 meta nfproto ipv4 fib saddr type != local counter drop");
    rule("ip6 saddr fc00::/7 counter drop");
    end();
}

std::string Writer::whole() {
    append(out_, "table inet ", kTableName, " {\n");
    for (const std::string_view chain : kChains)
        line(concat("chain ", chain, " { }"));
    line(concat("chain ", kQueueChain, " { }"));
    for (const BaseChain& chain : kBaseChains) {
        begin(chain);
        end();
    }
    out_ += "}\n";
    for (const BaseChain& chain : kBaseChains) {
        append(out_, "flush chain inet ", kTableName, " ", chain.name, "\n");
    }
    for (const std::string_view chain : kChains) {
        append(out_, "flush chain inet ", kTableName, " ", chain, "\n");
    }
    append(out_, "table inet ", kTableName, " {\n");
    if (input_.timeout_objects) write_timeouts();
    write_maps();
    write_from_outside();
    write_forward();
    write_from_house();
    write_to_house();
    write_unknown();
    write_to_outside();
    write_to_router();
    write_untranslated();
    out_ += "}\n";
    return std::move(out_);
}

}  // namespace

RulesetInput ruleset_input(const config::Config& config) {
    RulesetInput input;
    input.wan = config.gateway.wan;
    input.lan = config.gateway.lan;
    input.firewall = config.gateway.firewall;
    input.hairpin = config.nat.hairpin;
    input.ports = config.nat.ports;
    input.timeouts = config.timeouts;
    input.permits = false;
    if (config.dmz) input.dmz = config.dmz->inside;
    const auto use = [&input](const config::NatBehaviour& behaviour) {
        using enum config::MappingBehaviour;
        input.by_address |= behaviour.mapping == address_dependent;
        input.by_session |= behaviour.mapping == address_and_port_dependent;
        input.permits |= behaviour.filtering == config::FilteringBehaviour::address_dependent;
    };
    use(config.nat.behaviour_for(Proto::tcp));
    use(config.nat.behaviour_for(Proto::udp));
    for (const config::Host& host : config.hosts)
        use(config::behaviour_of(host.nat));
    return input;
}

std::string write_ruleset(const RulesetInput& input) {
    return Writer(input).whole();
}

std::string write_ruleset_removal() {
    return concat("table inet ", kTableName, " {\n}\ndelete table inet ", kTableName, "\n");
}

}  // namespace gatehouse::nat
