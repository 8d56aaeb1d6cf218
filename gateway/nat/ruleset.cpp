// SPDX-License-Identifier: GPL-2.0-or-later
//
// Chains, in the order in which a packet meets them:
//   from_outside  destination translation: to the inside endpoint found in the maps; SIP over TCP
//                 of the house to the daemon, while it listens.
//   forward       who may talk to whom; its first rules are all that a packet of a known session
//                 sees. Datagrams on SIP ports are handed to the queue of the SIP gateway: those of
//                 known sessions by known_sip, those of new ones where from_house and to_phone let
//                 them pass. (The first one of an endpoint goes there from the queue of the NAT.)
//   begin         the first packets of sessions. Those of the house go through from_house or
//                 within_house, where an endpoint without an element in a source map is handed to
//                 the queue. Those of IPv6 go through forward_ipv6 and, from outside, through
//                 pinholes, and are counted in count_ipv6 and count_in_ipv6.
//   to_outside    counts sessions of the house; source translation: from the outside endpoint found
//                 in the maps, or, while nobody answers the queue, as the kernel chooses.
//   to_router     new packets from outside only to ports where the router listens, and from a
//                 device not too many.
//   welcome       only where another program filters, and before it: marks the sessions that it
//                 shall let in, because an accept here would not keep it from dropping them. Its
//                 first rules are those for datagrams of known sessions on SIP ports, because that
//                 program may offload what passes it.
//
// Each further chain at a hook costs every packet about as much as a thirtieth of its way through
// the kernel, so packets of known sessions meet one chain, and of it mostly one rule. The first
// packet of a session pays for each rule and each condition that it meets, and most for each look
// into a map. So the two rules that most of them need stand first in from_house and, behind the
// limits, in to_outside and say everything at once; what they do not fit meets one rule for each
// purpose.
//
// No IPv4 packet of the house leaves with an inside address: a session that is known and
// translated is translated for ever; a new one is translated in to_outside or dropped there, where
// the kernel has no address to give; all others that want from inside to outside (untracked ones,
// sessions that began before these rules were loaded) are dropped in forward.
#include "gateway/nat/ruleset.h"

#include <algorithm>
#include <array>

#include "gateway/base/text.h"
#include "gateway/nat/ruleset_limits.h"
#include "gateway/nat/ruleset_objects.h"
#include "gateway/nat/sip_beginnings.h"

namespace gatehouse::nat {

namespace {

// Pieces of rules. The first two are the key of an endpoint, before and after translation.
constexpr std::string_view kSource = "ip saddr . meta l4proto . th sport";
constexpr std::string_view kDestination = "ip daddr . meta l4proto . th dport";
constexpr std::string_view kHole = "ip6 daddr . meta l4proto . th dport";
// The identifier of an echo request stands in the place of the port.
constexpr std::string_view kEchoKey = "ip saddr . meta l4proto . ct original proto-src";
constexpr std::string_view kPorts = "meta nfproto ipv4 meta l4proto { tcp, udp }";

constexpr std::string_view kClamp =
    "tcp flags & (syn | rst) == syn tcp option maxseg size set rt mtu";
constexpr std::string_view kInvalid = "ct state invalid,untracked counter drop comment \"invalid\"";
// RFC 4193 4.3: addresses of the house alone.
constexpr std::string_view kInsideAddress =
    "ip6 saddr fc00::/7 counter drop comment \"inside_address\"";
constexpr std::string_view kSpoofed =
    "fib saddr . iif oif missing counter drop comment \"spoofed\"";

constexpr int kEchoesPerSecond = 100;  // of all hosts outside to all inside

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
};
constexpr std::array kChains{
    std::string_view("begin"),        std::string_view("count_out"),
    std::string_view("from_house"),   std::string_view("from_house_ipv6"),
    std::string_view("within_house"), std::string_view("to_house"),
    std::string_view("forward_ipv6"), std::string_view("pinholes"),
    std::string_view("unknown"),      std::string_view("unknown_icmp"),
    std::string_view("from_maps"),    std::string_view("translate"),
    std::string_view("known_sip"),    std::string_view("to_phone"),
    std::string_view("count_ipv6"),   std::string_view("count_in_ipv6"),
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

// One port without a set is compared, which is quicker than looking it up.
std::string ports_of(const std::vector<Port>& ports) {
    const auto number = [](Port port) { return std::to_string(port.number); };
    if (ports.empty()) return {};
    return ports.size() == 1 ? number(ports.front()) : set_of(ports, number);
}

// Of what a datagram carries, eight.
constexpr std::string_view kFirstBytes = "@th,64,64";

class Writer {
  public:
    explicit Writer(const RulesetInput& input)
        : input_(input),
          wan_(quoted(input.wan)),
          lan_(set_of(input.lan, quoted)),
          sip_(ports_of(input.sip_ports)),
          limits_(input.host_sessions),
          pinholes_(pinhole_set(false, input.element_counters)),
          pinholes_remote_(pinhole_set(true, input.element_counters)) {}

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

    void write_from_outside();
    void write_forward();
    void write_limit(std::string_view condition, const Limit& limit);
    void write_begin();
    void write_known(Proto proto);
    void write_from_house();
    void write_within_house();
    void write_to_house();
    void on_sip_port(std::string_view protocol, std::string_view end);
    void on_sip_beginning(std::string_view end);
    void write_known_sip();
    void write_to_phone();
    void write_forward_ipv6();
    void write_pinholes();
    void write_unknown();
    void write_from_maps(std::string_view condition, std::string_view flag);
    void write_to_outside();
    void write_to_router();
    void write_welcome();
    void write_new_timeouts(Family family);
    std::string permit() const;

    const RulesetInput& input_;
    std::string wan_;
    std::string lan_;
    std::string sip_;  // a port or a set of them; empty: none
    SessionLimits limits_;
    std::string_view pinholes_;
    std::string_view pinholes_remote_;
    std::string out_;
};

// Of a new session of that family.
void Writer::write_new_timeouts(Family family) {
    if (!input_.timeout_objects) return;
    rule("udp dport 53 ct timeout set ", quoted(dns_timeout(family)));
    rule("udp dport != 53 ct timeout set ", quoted(udp_timeout(input_.timeouts, family)));
    rule("meta l4proto tcp ct timeout set ", quoted(tcp_timeout(input_.timeouts, family)));
}

void Writer::write_from_outside() {
    begin(kBaseChains[0]);
    // The first condition that looks for the daemon is tproxy: without its socket the rule ends
    // there. The translation alone would do the rest, and does for all packets but the first.
    if (!sip_.empty() && input_.sip_proxy) {
        const std::string to = std::to_string(input_.sip_proxy->number);
        rule("tcp dport ", sip_, " iifname ", lan_, " meta nfproto ipv4 ip saddr != @",
             kSipDirectSet, " fib daddr oifname ", wan_, " tproxy ip to :", to,
             " redirect to :", to);
    }
    // All maps and the DMZ are about addresses of the router.
    rule("meta nfproto ipv4 fib daddr type != local accept");
    const std::string from = input_.hairpin ? "" : concat("iifname ", wan_, " ");
    rule(from, kPorts, " dnat ip to ", kDestination, " . ip saddr map @inbound_remote");
    rule(from, kPorts, " dnat ip to ", kDestination, " map @inbound");
    if (input_.hairpin) {
        rule("iifname ", lan_, " ", kPorts, " dnat ip to ", kDestination, " map @hairpin");
    }
    rule("iifname ", wan_, " meta l4proto 47 dnat ip to ip saddr map @", kTunnelMap);
    if (input_.dmz) {
        rule("iifname ", wan_, " ", kPorts, " meta l4proto . th dport @", kRouterPortsSet,
             " accept");
        rule("iifname ", wan_, " fib daddr type local ", kPorts, " dnat ip to ",
             input_.dmz->to_string());
        // From inside, too; but the inside addresses of the router are its own.
        if (input_.hairpin) {
            rule("iifname ", lan_, " fib daddr type local fib daddr . iif type != local ", kPorts,
                 " meta l4proto . th dport != @", kRouterPortsSet, " dnat ip to ",
                 input_.dmz->to_string());
        }
    }
    end();
}

void Writer::write_forward() {
    begin(kBaseChains[1]);
    // Before the first rule, which knows nothing of ports.
    if (input_.firewall) on_sip_port("th", "jump known_sip");
    rule("ct status & (assured | confirmed | snat) == assured | confirmed | snat accept");
    rule("ct status & confirmed == 0 goto begin");
    // From here on with a session that is known, or without one.
    rule(kClamp);
    rule("ct status & (snat | dnat) != 0 accept");
    const std::string leaving = concat("iifname ", lan_, " oifname ", wan_, " ");
    rule(leaving, kInsideAddress);
    rule(leaving, "meta nfproto ipv4 ct status confirmed counter drop comment \"untranslated\"");
    // Each look into a set counts, and a session that came in by a pinhole goes on through it.
    if (input_.element_counters) {
        rule("iifname ", wan_, " meta nfproto ipv6 ct status confirmed ct direction original ",
             "jump pinholes");
    }
    rule("ct status confirmed accept");
    // A bridge of the house may show us the frames that it carries, neighbour discovery among them.
    rule("iifname ", lan_, " oifname ", lan_, " ct state untracked accept");
    rule(kInvalid);
    end();
}

void Writer::write_begin() {
    begin("begin");
    rule("iifname ", lan_, " oifname ", wan_, " goto from_house");
    rule(kClamp);
    rule("iifname ", lan_, " ", kSpoofed);
    rule("meta nfproto ipv6 goto forward_ipv6");
    write_new_timeouts(kIpv4);
    rule("iifname ", lan_, " oifname ", lan_, " goto within_house");
    rule("iifname ", wan_, " oifname ", lan_, " ct status dnat jump to_house");
    if (input_.firewall) rule("counter comment \"refused\"");
    end();
}

// A new session is counted, and one of a host that has too many refused.
void Writer::write_limit(std::string_view condition, const Limit& limit) {
    if (!limits_.any()) return;
    rule(condition, refuse_crowd(limit));
    rule(limits_.sample(), condition, limits_.count(limit));
}

// Remembers whom a session of the house talks to.
std::string Writer::permit() const {
    return concat("add @permit { ", kSource, " . ip daddr timeout ",
                  std::max(whole_seconds(input_.timeouts.udp), std::int64_t{300}), "s }");
}

// A new session of an endpoint that has a mapping, in one rule, unless it needs something else.
// Where the house has one interface, what such an endpoint sends comes the right way: its first
// packet did.
void Writer::write_known(Proto proto) {
    if (!input_.map_lookups) return;
    const bool udp = proto == Proto::udp;
    std::string text = concat("meta l4proto ", to_string(proto));
    if (udp && !sip_.empty()) append(text, " th sport != ", sip_, " th dport != ", sip_);
    if (udp && input_.timeout_objects) text += " th dport != 53";
    append(text, " ", kSource, " @source");
    if (udp && !sip_.empty()) append(text, " ", kFirstBytes, " != ", sip_beginnings_text());
    if (limits_.any()) text += " ip saddr != @crowd_out";
    if (input_.lan.size() > 1) text += " fib saddr . iif oif exists";
    if (input_.permits) append(text, " ", permit());
    if (input_.timeout_objects) {
        const auto name = udp ? udp_timeout : tcp_timeout;
        append(text, " ct timeout set ", quoted(name(input_.timeouts, kIpv4)));
    }
    rule(text, " accept");
}

void Writer::write_from_house() {
    begin("from_house");
    rule("meta nfproto ipv6 goto from_house_ipv6");
    write_known(Proto::udp);
    rule(kClamp);
    write_known(Proto::tcp);
    rule(kSpoofed);
    write_new_timeouts(kIpv4);
    if (limits_.any()) rule(refuse_crowd(kOutgoing));
    if (input_.permits) rule(kPorts, " ", permit());
    rule(kPorts, " jump unknown");
    rule("icmp type echo-request jump unknown_icmp");
    rule("meta nfproto ipv4 meta l4proto 47 add @", kTunnelMap, " { ip daddr : ip saddr }");
    on_sip_port("udp", concat("jump ", kSipQueueChain));
    on_sip_beginning(concat("jump ", kSipQueueChain));
    rule("accept");
    end();
}

void Writer::write_within_house() {
    begin("within_house");
    if (limits_.any()) rule(refuse_crowd(kOutgoing));
    if (input_.hairpin) rule("ct status dnat ", kPorts, " jump unknown");
    rule("accept");
    end();
}

void Writer::write_to_house() {
    begin("to_house");
    write_limit({}, kIncoming);
    rule("meta l4proto 47 accept");
    on_sip_port("udp", "jump to_phone");
    on_sip_beginning("jump to_phone");
    rule(kPorts, " ", kDestination, " @open accept");
    rule(kPorts, " ", kDestination, " . ip saddr @open_remote accept");
    if (input_.permits) rule(kPorts, " ", kDestination, " . ip saddr @permit accept");
    if (input_.dmz) rule("ip daddr ", input_.dmz->to_string(), " accept");
    // Where another program filters, only what our own maps led here is ours to drop.
    if (!input_.firewall && input_.map_lookups) {
        rule(kPorts, " ", kDestination, " @source counter drop comment \"refused\"");
    }
    end();
}

// Datagrams from and to a SIP port.
void Writer::on_sip_port(std::string_view protocol, std::string_view end) {
    if (sip_.empty()) return;
    rule(protocol, " sport ", sip_, " ", end);
    rule(protocol, " dport ", sip_, " ", end);
}

// The first datagram of a flow on any other port.
void Writer::on_sip_beginning(std::string_view end) {
    if (!sip_.empty()) rule("meta l4proto udp ", kFirstBytes, " ", sip_beginnings_text(), " ", end);
}

// Between a host and a peer outside. Where there is no queue, it goes on behind the jump.
void Writer::write_known_sip() {
    begin("known_sip");
    if (!sip_.empty()) {
        rule("meta l4proto != udp return");
        rule("meta nfproto != ipv4 return");
        rule("ip saddr . udp sport . ip daddr . udp dport @", kNotSipSet, " return");
        rule("ip daddr . udp dport . ip saddr . udp sport @", kNotSipSet, " return");
        // What has no session fits no condition on its status.
        constexpr std::string_view kKnown =
            "ct status & confirmed == confirmed ct status & (snat | dnat) != 0";
        const char* ask = input_.firewall ? kSipQueueChain : kKnownSipQueueChain;
        rule("iifname ", lan_, " oifname ", wan_, " ", kKnown, " jump ", ask);
        rule("iifname ", wan_, " oifname ", lan_, " ", kKnown, " jump ", ask);
    }
    end();
}

// Whom to_house lets in.
void Writer::write_to_phone() {
    begin("to_phone");
    if (!sip_.empty()) {
        const std::string ask = concat("jump ", kSipQueueChain);
        rule("meta nfproto != ipv4 return");
        rule(kDestination, " @open ", ask);
        rule(kDestination, " . ip saddr @open_remote ", ask);
        if (input_.permits) rule(kDestination, " . ip saddr @permit ", ask);
        if (input_.dmz) rule("ip daddr ", input_.dmz->to_string(), " ", ask);
    }
    end();
}

// The same policy without translation. A confirmed session has passed already, and so have the
// errors that belong to one (RFC 4890 4.3.1, RFC 6092 REC-10). Neighbour discovery is never
// forwarded; that of the router itself meets no rule of ours.
void Writer::write_forward_ipv6() {
    begin("from_house_ipv6");
    rule(kClamp);
    rule(kInsideAddress);
    rule(kSpoofed);
    write_new_timeouts(kIpv6);
    rule("goto count_ipv6");
    end();
    begin("count_ipv6");
    write_limit("meta nfproto ipv6 ", kOutgoing6);
    rule("accept");
    end();
    begin("forward_ipv6");
    // RFC 6092 REC-6: nobody outside has an inside address.
    rule("iifname ", wan_, " ", kSpoofed);
    write_new_timeouts(kIpv6);
    rule("iifname ", lan_, " oifname ", lan_, " goto count_ipv6");
    const std::string in = concat("iifname ", wan_, " oifname ", lan_);
    // Where another program filters, `welcome` has looked already.
    if (!input_.firewall && limits_.any()) {
        rule(in, " ct mark & ", kWelcomeMark, " != 0 goto count_in_ipv6");
    }
    if (input_.firewall) {
        rule(in, " jump pinholes");
        // RFC 4890 4.3.1: echo requests shall pass; not so many that they are a weapon.
        rule(in, " icmpv6 type echo-request limit rate ", kEchoesPerSecond, "/second accept");
        rule("counter comment \"refused\"");
    }
    end();
}

// The narrower one first, so that it counts what is its own.
void Writer::write_pinholes() {
    begin("pinholes");
    rule(kHole, " . ip6 saddr @", pinholes_remote_, " goto count_in_ipv6");
    rule(kHole, " @", pinholes_, " goto count_in_ipv6");
    end();
    begin("count_in_ipv6");
    rule("ct status confirmed accept");
    write_limit("meta nfproto ipv6 ", kIncoming6);
    rule("accept");
    end();
}

// Who was told often enough that there is no mapping for it.
constexpr std::string_view kRefused =
    "ip saddr @refused counter reject with icmp admin-prohibited comment \"host_mappings\"";

void Writer::write_unknown() {
    const bool looks = input_.map_lookups;
    begin("unknown");
    if (looks) rule(kSource, " @source return");
    if (looks && input_.by_address) rule(kSource, " . ip daddr @source_address return");
    if (looks && input_.by_session) rule(kSource, " . ip daddr . th dport @source_session return");
    if (looks) rule(kRefused);
    rule("goto ", kQueueChain);
    end();
    begin("unknown_icmp");
    if (looks) rule("icmp type echo-request ", kEchoKey, " @source return");
    if (looks) rule(kRefused);
    rule("goto ", kQueueChain);
    end();
}

void Writer::write_from_maps(std::string_view condition, std::string_view flag) {
    rule(condition, " snat ip to ", kSource, " map @source", flag);
    if (input_.by_address) {
        rule(condition, " snat ip to ", kSource, " . ip daddr map @source_address", flag);
    }
    if (input_.by_session) {
        rule(condition, " snat ip to ", kSource, " . ip daddr . th dport map @source_session",
             flag);
    }
}

void Writer::write_to_outside() {
    begin(kBaseChains[2]);
    // Sessions of the house are counted where they leave: what waits for the daemon is none yet,
    // and the kernel would forget that it counted it. Who has too many is looked for once more, for
    // thousands may have waited.
    if (limits_.any()) {
        rule(drop_crowd(kOutgoing));
        rule(limits_.sample(), "iifname ", lan_, " meta nfproto ipv4 jump count_out");
    }
    // Who is in a source map is inside: a host, or the SIP gateway in the name of one, whose
    // packets come from no interface. There is no choice between ports where the map names one; the
    // flag only spares the kernel the look for another session of the endpoint, to do as there.
    for (const Proto proto : {Proto::udp, Proto::tcp}) {
        write_from_maps(concat("oifname ", wan_, " meta l4proto ", to_string(proto)),
                        " fully-random");
    }
    rule("iifname ", lan_, " oifname ", wan_, " meta nfproto ipv4 goto translate");
    if (!sip_.empty()) {
        rule("oifname ", wan_, " meta nfproto ipv4 meta l4proto udp fib saddr type != local ",
             "goto translate");
    }
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
    begin("count_out");
    if (limits_.any()) rule(limits_.count(kOutgoing));
    end();
    begin("from_maps");
    write_from_maps(kPorts, {});
    end();
    begin("translate");
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
    rule("ct status confirmed accept");
    // Connections are not counted: a program bounds those that are open, and the kernel gives up
    // those that are over where it has no room. An answered datagram it keeps.
    write_limit(concat("iifname ", lan_, " meta l4proto udp "), kToRouter);
    rule("iifname != ", wan_, " accept");
    rule(kPorts, " meta l4proto . th dport != @", kRouterPortsSet,
         " counter drop comment \"to_router\"");
    end();
}

constexpr std::string_view kWelcome =
    "chain welcome { type filter hook forward priority filter - 5; policy accept;";

// It only marks: what is not welcome is dropped by the other program, or in to_house.
void Writer::write_welcome() {
    const std::string mark = concat(" ct mark set ct mark or ", kWelcomeMark);
    line(kWelcome);
    on_sip_port("th", "jump known_sip");
    rule("ct status confirmed accept");
    rule("iifname != ", wan_, " accept");
    rule(kHole, " . ip6 saddr @", pinholes_remote_, mark);
    rule(kHole, " @", pinholes_, mark);
    rule("ct status & dnat == 0 accept");
    rule("meta l4proto 47", mark);
    rule(kPorts, " ", kDestination, " @open", mark);
    rule(kPorts, " ", kDestination, " . ip saddr @open_remote", mark);
    if (input_.permits) rule(kPorts, " ", kDestination, " . ip saddr @permit", mark);
    if (input_.dmz) rule("ip daddr ", input_.dmz->to_string(), mark);
    end();
}

std::string Writer::whole() {
    append(out_, "table inet ", kTableName, " {\n");
    for (const std::string_view chain : kChains)
        line(concat("chain ", chain, " { }"));
    for (const std::string_view queue : {kQueueChain, kSipQueueChain, kKnownSipQueueChain})
        line(concat("chain ", queue, " { }"));
    for (const BaseChain& chain : kBaseChains) {
        begin(chain);
        end();
    }
    if (!input_.firewall) line(concat(kWelcome, " }"));
    out_ += "}\n";
    if (!input_.firewall) append(out_, "flush chain inet ", kTableName, " welcome\n");
    for (const BaseChain& chain : kBaseChains) {
        append(out_, "flush chain inet ", kTableName, " ", chain.name, "\n");
    }
    for (const std::string_view chain : kChains) {
        append(out_, "flush chain inet ", kTableName, " ", chain, "\n");
    }
    append(out_, "table inet ", kTableName, " {\n");
    out_ += write_objects(input_);
    write_from_outside();
    write_forward();
    write_begin();
    write_from_house();
    write_within_house();
    write_to_house();
    write_known_sip();
    write_to_phone();
    write_forward_ipv6();
    write_pinholes();
    write_unknown();
    write_to_outside();
    write_to_router();
    if (!input_.firewall) write_welcome();
    out_ += "}\n";
    return std::move(out_);
}

}  // namespace

std::string write_ruleset(const RulesetInput& input) {
    return Writer(input).whole();
}

std::string write_ruleset_removal() {
    return concat("table inet ", kTableName, " {\n}\ndelete table inet ", kTableName, "\n");
}

}  // namespace gatehouse::nat
