// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/daemon/nat_shell.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <set>

#include "gateway/base/checksum.h"
#include "gateway/base/text.h"
#include "gateway/kernel/queue_rule.h"
#include "gateway/nat/first_packet.h"
#include "gateway/nat/ruleset.h"
#include "gateway/nat/sip_beginnings.h"

namespace gatehouse::daemon {

namespace {

using nat::KernelSet;

constexpr std::uint16_t kQueueNumber = 0;
constexpr std::uint32_t kHeaders = 128;  // of a first packet, more than the engine looks at
constexpr int kAdoptions = 6;            // attempts to list all elements at the start
constexpr int kAdoptionPauseMs = 100;
constexpr std::size_t kMostSessions = 4096;  // fed at a time
constexpr std::size_t kEchoedBytes = 28;     // of a refused packet (RFC 792: header and 8 bytes)

constexpr std::array kSets{
    KernelSet::source,  KernelSet::source_address, KernelSet::source_session,
    KernelSet::inbound, KernelSet::inbound_remote, KernelSet::hairpin,
    KernelSet::open,    KernelSet::open_remote,
};

bool has_remote_address(KernelSet set) {
    return set == KernelSet::source_address || set == KernelSet::source_session ||
           set == KernelSet::inbound_remote || set == KernelSet::open_remote ||
           set == KernelSet::permit;
}

bool is_map(KernelSet set) {
    return set != KernelSet::open && set != KernelSet::open_remote && set != KernelSet::permit;
}

kernel::ConcatKey key_of(const nat::Element& element) {
    kernel::ConcatKey key;
    key.address(element.key.address).proto(element.proto).port(element.key.port);
    if (has_remote_address(element.set)) key.address(element.remote.address);
    if (element.set == KernelSet::source_session) key.port(element.remote.port);
    return key;
}

bool has_remote(const nat::PinholeElement& hole) {
    return hole.remote != Ip6{};
}

kernel::ConcatKey key_of(const nat::PinholeElement& hole) {
    kernel::ConcatKey key;
    key.address(hole.inside).proto(hole.proto).port(hole.port);
    if (has_remote(hole)) key.address(hole.remote);
    return key;
}

nat::CommitFailed::Why why_of(const kernel::NetlinkError& error) {
    const bool full = error.number == ENOSPC || error.number == ENFILE || error.number == ENOMEM;
    return full ? nat::CommitFailed::Why::full : nat::CommitFailed::Why::different;
}

// An IPv4 packet with UDP.
bool carries_sip(Bytes packet) {
    if (packet.empty()) return false;
    const std::size_t payload = std::size_t{packet[0] & 0xfU} * 4 + 8;
    return packet.size() >= payload && nat::begins_sip(as_text(packet.subspan(payload)));
}

Endpoint4 v4(const IpAddress& address, Port port) {
    return {address.v4(), port};
}

}  // namespace

kernel::ElementChange encode_element(const nat::Edit& edit) {
    kernel::ElementChange out;
    out.kind = edit.kind == nat::Edit::Kind::remove ? kernel::ElementChange::Kind::remove
                                                    : kernel::ElementChange::Kind::add;
    out.set = nat::to_string(edit.element.set);
    out.key = key_of(edit.element).bytes();
    if (is_map(edit.element.set) && out.kind == kernel::ElementChange::Kind::add) {
        out.data = kernel::ConcatKey().endpoint(edit.element.value).bytes();
    }
    if (edit.kind == nat::Edit::Kind::refresh) out.timeout = edit.timeout;
    return out;
}

std::optional<nat::Element> decode_element(KernelSet set, const kernel::Element& element) {
    nat::Element out;
    out.set = set;
    kernel::ConcatReader key(element.key);
    out.key.address = key.address();
    out.proto = key.proto();
    out.key.port = key.port();
    if (has_remote_address(set)) out.remote.address = key.address();
    if (set == KernelSet::source_session) out.remote.port = key.port();
    if (!key.complete()) return std::nullopt;
    if (!is_map(set)) return out;
    kernel::ConcatReader data(element.data);
    out.value = data.endpoint();
    return data.complete() ? std::optional(out) : std::nullopt;
}

kernel::ElementChange encode_pinhole(const nat::PinholeEdit& edit, bool counted) {
    using Kind = kernel::ElementChange::Kind;
    return {edit.add ? Kind::add : Kind::remove,
            nat::pinhole_set(has_remote(edit.element), counted),
            key_of(edit.element).bytes(),
            {},
            {}};
}

std::optional<nat::PinholeElement> decode_pinhole(bool with_remote,
                                                  const kernel::Element& element) {
    nat::PinholeElement out;
    kernel::ConcatReader key(element.key);
    out.inside = key.address6();
    out.proto = key.proto();
    out.port = key.port();
    if (with_remote) out.remote = key.address6();
    return key.complete() ? std::optional(out) : std::nullopt;
}

std::vector<nat::Session> sessions_of(const kernel::Session& session) {
    std::vector<nat::Session> out;
    const kernel::Tuple& original = session.original;
    const kernel::Tuple& reply = session.reply;
    if (!original.source.is_v4()) return out;
    const bool icmp = original.proto == Proto::icmp;
    nat::Session one;
    one.proto = original.proto;
    one.expires = session.timeout.value_or(std::chrono::seconds(0));
    if (session.source_nat) {
        one.inside = v4(original.source, original.source_port);
        one.outside = v4(reply.destination, icmp ? reply.source_port : reply.destination_port);
        one.remote = v4(reply.source, icmp ? original.source_port : reply.source_port);
        out.push_back(one);
    }
    if (session.destination_nat) {
        one.inside = v4(reply.source, reply.source_port);
        one.outside = v4(original.destination, original.destination_port);
        one.remote = v4(original.source, original.source_port);
        one.from_outside = true;
        out.push_back(one);
    }
    return out;
}

Result<NatShell> NatShell::open(bool with_queue, bool count_pinholes) {
    auto elements = kernel::NftElements::open(nat::kTableName);
    if (!elements) return elements.failure();
    auto conntrack = kernel::Conntrack::open();
    if (!conntrack) return conntrack.failure();
    auto scan = kernel::SessionScan::open();
    if (!scan) return scan.failure();
    auto endings = kernel::ConntrackWatch::open({});
    if (!endings) return endings.failure();
    auto timeouts = kernel::CtTimeouts::open();
    if (!timeouts) return timeouts.failure();
    auto rules = kernel::NetlinkSocket::open(kernel::Bus::netfilter);
    if (!rules) return rules.failure();
    NatShell shell(std::move(*elements), std::move(*conntrack), std::move(*scan),
                   std::move(*endings), std::move(*timeouts), std::move(*rules));
    shell.count_pinholes_ = count_pinholes;
    shell.icmp_ =
        loop::Fd(::socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_ICMP));
    constexpr int kInternetworkControl = 0xc0;  // the precedence of errors (RFC 1812 4.3.2.5)
    (void)::setsockopt(shell.icmp_.get(), IPPROTO_IP, IP_TOS, &kInternetworkControl,
                       sizeof kInternetworkControl);
    if (!with_queue) return shell;
    kernel::QueueOptions options;
    options.number = kQueueNumber;
    options.copy = kHeaders;
    auto queue = kernel::NfQueue::open(options);
    if (!queue) return queue.failure();
    shell.queue_.emplace(std::move(*queue));
    return shell;
}

Status NatShell::install_queue_rule(bool native) {
    if (!queue_) return {};
    kernel::QueueRule rule;
    rule.table = nat::kTableName;
    rule.chain = nat::kQueueChain;
    rule.queue = kQueueNumber;
    rule.native = native;
    return kernel::set_queue_rule(rules_, rule);
}

Status NatShell::set_timeouts(const config::Timeouts& timeouts, bool with_objects) {
    const auto seconds = [](Duration d) { return std::chrono::seconds(whole_seconds(d)); };
    kernel::IcmpTimeouts icmp;
    icmp.query = seconds(timeouts.icmp);
    const Status set = timeouts_.set_defaults(icmp);
    if (!set || with_objects) return set;
    kernel::UdpTimeouts udp{seconds(timeouts.udp), seconds(timeouts.udp)};
    const Status udp_set = timeouts_.set_defaults(udp);
    if (!udp_set) return udp_set;
    kernel::TcpTimeouts tcp;
    tcp.established = seconds(timeouts.tcp_established);
    tcp.retransmitted = tcp.unacknowledged = tcp.established;
    for (auto* state : {&tcp.syn_sent, &tcp.syn_received, &tcp.fin_wait, &tcp.close_wait,
                        &tcp.last_ack, &tcp.time_wait, &tcp.close}) {
        *state = seconds(timeouts.tcp_transitory);
    }
    return timeouts_.set_defaults(tcp);
}

Status NatShell::set_router_ports(const std::vector<nat::ReservedPort>& ports) {
    const auto there = elements_.list(nat::kRouterPortsSet);
    if (!there) return fail(there.error().text);
    std::set<std::vector<std::uint8_t>> superfluous;
    for (const kernel::Element& element : *there)
        superfluous.insert(element.key);
    std::vector<kernel::ElementChange> changes;
    for (const nat::ReservedPort& one : ports) {
        // The range for the router's own connections is not where it listens.
        if (one.ports == nat::kRouterPorts) continue;
        const kernel::ConcatKey key = kernel::ConcatKey().proto(one.proto).port(one.ports.first);
        if (superfluous.erase(key.bytes()) > 0) continue;
        changes.push_back(
            {kernel::ElementChange::Kind::add, nat::kRouterPortsSet, key.bytes(), {}, {}});
    }
    for (const auto& key : superfluous) {
        changes.push_back({kernel::ElementChange::Kind::remove, nat::kRouterPortsSet, key, {}, {}});
    }
    if (changes.empty()) return {};
    const auto done = elements_.apply(changes);
    return done ? Status() : Status(fail(done.error().text));
}

void NatShell::read_queue(const Feed& feed) {
    burst_.clear();
    onward_.clear();
    queue_->read([&](const kernel::QueuedPacket& packet) {
        const auto event = nat::parse_first_packet(packet.payload, packet.id);
        if (!event) return queue_->give(packet.id, kernel::Verdict::accept);
        const Bytes begin = packet.payload.first(std::min(packet.payload.size(), kEchoedBytes));
        burst_.emplace_back(packet.id, std::vector<std::uint8_t>(begin.begin(), begin.end()));
        const bool looks = event->proto == Proto::udp && !onward_ports_.empty();
        if (looks &&
            (is_onward(event->inside) || is_onward(event->remote) || carries_sip(packet.payload))) {
            onward_.push_back(packet.id);
        }
        feed(*event);
    });
}

void NatShell::hand_over(std::vector<Port> ports, std::uint16_t queue) {
    onward_ports_ = std::move(ports);
    onward_queue_ = queue;
}

bool NatShell::is_onward(Endpoint4 endpoint) const {
    return std::find(onward_ports_.begin(), onward_ports_.end(), endpoint.port) !=
           onward_ports_.end();
}

void NatShell::read_endings(const Feed& feed) {
    const bool all = endings_.read([&feed](const kernel::SessionEvent& event) {
        for (const nat::Session& session : sessions_of(event.session)) {
            feed(nat::SessionDestroyed{session.proto, session.inside, session.outside});
        }
    });
    if (!all) feed(nat::EventsLost{});
}

void NatShell::feed_elements(bool adopt, const Feed& feed) {
    Listed listed = list_elements();
    // Nothing that is there may be given away, so there is no going on without it for a while.
    for (int attempt = 1; adopt && !listed.complete && attempt < kAdoptions; ++attempt) {
        (void)::poll(nullptr, 0, kAdoptionPauseMs);
        listed = list_elements();
    }
    if (adopt) return feed(nat::AdoptElements{listed.elements, listed.pinholes});
    feed(nat::ElementsSeen{listed.elements, listed.pinholes, listed.complete});
}

NatShell::Listed NatShell::list_elements() {
    Listed out;
    for (const KernelSet set : kSets) {
        for (const kernel::Element& element : list_set(nat::to_string(set), out)) {
            if (const auto decoded = decode_element(set, element)) out.elements.push_back(*decoded);
        }
    }
    for (const bool with_remote : {false, true}) {
        for (const kernel::Element& element :
             list_set(nat::pinhole_set(with_remote, count_pinholes_), out)) {
            if (const auto hole = decode_pinhole(with_remote, element)) {
                out.pinholes.push_back(*hole);
            }
        }
    }
    return out;
}

// A set that is not there has none.
std::vector<kernel::Element> NatShell::list_set(std::string_view set, Listed& into) {
    auto elements = elements_.list(set);
    if (elements) return std::move(*elements);
    if (elements.error().number != ENOENT) into.complete = false;
    return {};
}

void NatShell::feed_packets(nat::PinholeId id, const std::vector<nat::PinholeElement>& elements,
                            const Feed& feed) {
    if (!count_pinholes_) return;
    std::vector<nat::PinholeCount> counts;
    for (const nat::PinholeElement& hole : elements) {
        const auto found = elements_.find(nat::pinhole_set(has_remote(hole), true), key_of(hole));
        if (found && found->packets) counts.push_back({hole, *found->packets});
    }
    feed(nat::PinholeCounted{id, counts});
}

std::vector<kernel::ElementChange> NatShell::changes_of(const nat::Effects& effects,
                                                        const nat::Batch& batch) const {
    std::vector<kernel::ElementChange> out;
    for (std::uint32_t i = 0; i < batch.count; ++i) {
        out.push_back(encode_element(effects.edits[batch.first + i]));
    }
    return out;
}

NatShell::Failures NatShell::commit(const nat::Effects& effects) {
    Failures failed;
    if (effects.batches.empty()) return failed;
    if (effects.batches.size() > 1) {
        std::vector<kernel::ElementChange> all;
        for (const nat::Batch& batch : effects.batches) {
            auto changes = changes_of(effects, batch);
            std::move(changes.begin(), changes.end(), std::back_inserter(all));
        }
        if (elements_.apply(all).ok()) return failed;
    }
    for (const nat::Batch& batch : effects.batches) {
        const auto done = elements_.apply(changes_of(effects, batch));
        if (!done) failed.emplace(batch.id, why_of(done.error()));
    }
    return failed;
}

bool NatShell::write_pinholes(const nat::Effects& effects) {
    if (effects.pinholes.empty()) return true;
    std::vector<kernel::ElementChange> changes;
    for (const nat::PinholeEdit& edit : effects.pinholes)
        changes.push_back(encode_pinhole(edit, count_pinholes_));
    return elements_.apply(changes).ok();
}

void NatShell::give(const nat::Effects& effects, const Failures& failed) {
    if (!queue_) return;
    const kernel::NfQueue::Gathering gathering(*queue_);
    for (const nat::Verdict& verdict : effects.verdicts) {
        if (failed.contains(verdict.after)) continue;
        const bool accepted = verdict.kind == nat::Verdict::Kind::accept;
        if (verdict.kind == nat::Verdict::Kind::refuse) refuse(verdict.token);
        const bool onward =
            std::find(onward_.begin(), onward_.end(), verdict.token) != onward_.end();
        if (accepted && onward) {
            queue_->hand_over(verdict.token, onward_queue_);
            continue;
        }
        queue_->give(verdict.token, accepted ? kernel::Verdict::accept : kernel::Verdict::drop);
    }
}

void NatShell::refuse(std::uint32_t token) {
    const auto packet = std::find_if(burst_.begin(), burst_.end(),
                                     [token](const auto& one) { return one.first == token; });
    if (packet == burst_.end() || packet->second.size() < kEchoedBytes || !icmp_) return;
    ByteWriter message;
    message.u8(3);   // destination unreachable
    message.u8(13);  // communication administratively prohibited
    message.zeros(6);
    message.bytes(packet->second);
    message.patch_u16(2, checksum(message.view()));
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(ByteReader(Bytes(packet->second).subspan(12, 4)).u32());
    ::sendto(icmp_.get(), message.view().data(), message.view().size(), MSG_NOSIGNAL,
             reinterpret_cast<const sockaddr*>(&to), sizeof to);
}

void NatShell::perform(const nat::Effects& effects, const Feed& feed) {
    const Failures failed = commit(effects);
    give(effects, failed);
    for (const nat::Batch& batch : effects.batches) {
        const auto failure = failed.find(batch.id);
        if (failure == failed.end()) {
            feed(nat::Committed{batch.id});
        } else {
            feed(nat::CommitFailed{batch.id, failure->second});
        }
    }
    if (!write_pinholes(effects)) feed(nat::PinholesFailed{});
    for (const Ip4 outside : effects.delete_sessions_to) {
        (void)conntrack_.remove_translated_to(outside);
    }
    for (const nat::SessionName& one : effects.delete_sessions)
        end_session(one);
    refuse_hosts(effects.refuse_hosts);
    if (effects.dump_elements) feed_elements(false, feed);
    feed_sessions(effects.dump_sessions, feed);
}

// Whether a flowtable took a session on a SIP port while nobody read the queue, and not because it
// was found to be no SIP.
bool NatShell::goes_past_us(const kernel::Session& session, const nat::Session& use) {
    if (!session.offloaded || use.proto != Proto::udp) return false;
    if (!is_onward(use.inside) && !is_onward(use.remote)) return false;
    const auto flow = kernel::ConcatKey().endpoint(use.inside).endpoint(use.remote);
    return !elements_.has(nat::kNotSipSet, flow);
}

void NatShell::refuse_hosts(const std::vector<Ip4>& hosts) {
    std::vector<kernel::ElementChange> changes;
    for (const Ip4 host : hosts) {
        changes.push_back({kernel::ElementChange::Kind::add,
                           nat::kRefusedSet,
                           kernel::ConcatKey().address(host).bytes(),
                           {},
                           {}});
    }
    // Where it fails, the next ones are refused here.
    if (!changes.empty()) (void)elements_.apply(changes);
}

void NatShell::end_session(const nat::SessionName& name) {
    kernel::Session session;
    session.original = {name.proto, name.inside.address, name.remote.address, name.inside.port,
                        name.remote.port};
    (void)conntrack_.remove(session);
}

// Feeds sessions some at a time.
class NatShell::SessionFeed {
  public:
    SessionFeed(NatShell& shell, const Feed& feed) : shell_(shell), feed_(feed) {}

    void add(const kernel::Session& session) {
        for (const nat::Session& one : sessions_of(session)) {
            some_.push_back(one);
            if (past_us_.size() < kMostSessions && shell_.goes_past_us(session, one))
                past_us_.push_back(session);
        }
        if (some_.size() >= kMostSessions) flush();
    }

    void flush() {
        if (!some_.empty()) feed_(nat::SessionsSeen{some_});
        some_.clear();
        // Their next datagram begins them again, with the same mapping, and comes to the queue.
        for (const kernel::Session& session : past_us_)
            (void)shell_.conntrack_.remove(session);
        past_us_.clear();
    }

  private:
    NatShell& shell_;
    const Feed& feed_;
    std::vector<nat::Session> some_;
    std::vector<kernel::Session> past_us_;
};

void NatShell::feed_sessions(nat::SessionDump how, const Feed& feed) {
    if (how == nat::SessionDump::none) return;
    if (how == nat::SessionDump::in_parts) {
        if (scan_.is_running()) return;
        feed(nat::SessionsBegin{});
        if (!scan_.begin(kernel::SessionFamily::v4)) feed(nat::SessionsEnd{false});
        return;
    }
    feed(nat::SessionsBegin{});
    SessionFeed sessions(*this, feed);
    const Status listed =
        list_sessions([&sessions](const kernel::Session& session) { sessions.add(session); });
    sessions.flush();
    feed(nat::SessionsEnd{listed.ok()});
}

void NatShell::read_sessions(const Feed& feed) {
    using Part = kernel::SessionScan::Part;
    SessionFeed sessions(*this, feed);
    const Part part =
        scan_.read([&sessions](const kernel::Session& session) { sessions.add(session); });
    sessions.flush();
    if (part != Part::more) feed(nat::SessionsEnd{part == Part::all});
}

Status NatShell::drop_untranslated(const std::vector<Prefix4>& inside, const IsOurs& is_ours) {
    const auto is_inside = [&inside](const IpAddress& address) {
        return address.is_v4() &&
               std::any_of(inside.begin(), inside.end(),
                           [&](const Prefix4& one) { return one.contains(address.v4()); });
    };
    const auto dropped =
        conntrack_.remove_if(kernel::SessionFamily::v4, [&](const kernel::Session& session) {
            if (session.source_nat || session.destination_nat) return false;
            const kernel::Tuple& first = session.original;
            if (is_inside(first.destination)) return false;
            if (is_inside(first.source)) return true;
            return first.destination.is_v4() &&
                   is_ours(first.proto, {first.destination.v4(), first.destination_port});
        });
    return dropped ? Status() : dropped.failure();
}

Status NatShell::list_sessions(const kernel::Conntrack::OnSession& on_session) {
    return conntrack_.list(kernel::SessionFamily::v4, on_session);
}

std::optional<kernel::Session> NatShell::find_session(const kernel::Tuple& tuple) {
    const auto found = conntrack_.find(tuple);
    return found ? *found : std::nullopt;
}

bool NatShell::has_permit(Proto proto, Endpoint4 inside, Ip4 remote) {
    const nat::Element element{KernelSet::permit, proto, inside, {remote, {}}, {}};
    return elements_.has(nat::to_string(KernelSet::permit), key_of(element));
}

}  // namespace gatehouse::daemon
