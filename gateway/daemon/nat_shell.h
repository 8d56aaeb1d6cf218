// SPDX-License-Identifier: GPL-2.0-or-later
//
// The kernel's side of the NAT engine: carries out its effects on the maps of the table, the queue
// and the sessions, and turns what the kernel tells into its events.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "gateway/config/config.h"
#include "gateway/kernel/conntrack.h"
#include "gateway/kernel/cttimeout.h"
#include "gateway/kernel/nfqueue.h"
#include "gateway/kernel/nft_elements.h"
#include "gateway/loop/loop.h"
#include "gateway/nat/effects.h"
#include "gateway/nat/events.h"

namespace gatehouse::daemon {

// The bytes of an element in the kernel's maps, and back; nothing for bytes that are no endpoint.
kernel::ElementChange encode_element(const nat::Edit& edit);
std::optional<nat::Element> decode_element(nat::KernelSet set, const kernel::Element& element);

// counted: in the sets whose elements count.
kernel::ElementChange encode_pinhole(const nat::PinholeEdit& edit, bool counted);
std::optional<nat::PinholeElement> decode_pinhole(bool with_remote, const kernel::Element& element);

// The mappings that a session uses: none where it is not translated, two where it is hairpinned.
std::vector<nat::Session> sessions_of(const kernel::Session& session);

class NatShell {
  public:
    using Feed = std::function<void(const nat::Event&)>;

    // Without a queue hosts are translated as the kernel chooses.
    static Result<NatShell> open(bool with_queue, bool count_pinholes);

    const kernel::NfQueue* queue() const { return queue_ ? &*queue_ : nullptr; }
    int endings_fd() const { return endings_.fd(); }
    int sessions_fd() const { return scan_.fd(); }
    std::uint32_t elements_port() const { return elements_.port(); }

    // Puts the rule into the chain that hands packets to the queue.
    Status install_queue_rule(bool native);
    Status set_timeouts(const config::Timeouts& timeouts, bool with_objects);

    // What passes on these ports of UDP is handed over to that queue, for it would not meet the
    // rule that leads there any more.
    void hand_over(std::vector<Port> ports, std::uint16_t queue);

    // Makes the set of the table hold these ports of the router.
    Status set_router_ports(const std::vector<nat::ReservedPort>& ports);

    // Feeds the first packets that wait.
    void read_queue(const Feed& feed);
    // Feeds the sessions that ended.
    void read_endings(const Feed& feed);
    // Feeds the next part of the sessions, when sessions_fd() is readable.
    void read_sessions(const Feed& feed);
    // Feeds all elements, as the truth at the start or later.
    void feed_elements(bool adopt, const Feed& feed);
    // Feeds how many packets have come through a pinhole, by its elements; nothing where the kernel
    // does not count.
    void feed_packets(nat::PinholeId id, const std::vector<nat::PinholeElement>& elements,
                      const Feed& feed);
    // In the order of nat/effects.h; what comes of it is fed.
    void perform(const nat::Effects& effects, const Feed& feed);

    // Ends the sessions that go from one of the prefixes to anywhere else without translation.
    using IsOurs = std::function<bool(Proto proto, Endpoint4 outside)>;
    // is_ours: whether an outside endpoint belongs to a host.
    Status drop_untranslated(const std::vector<Prefix4>& inside, const IsOurs& is_ours);

    Status list_sessions(const kernel::Conntrack::OnSession& on_session);
    // Ends the session whose first packet went so.
    void end_session(const nat::SessionName& name);
    void refuse_hosts(const std::vector<Ip4>& hosts);
    std::vector<kernel::RuleCount> rule_counts() { return elements_.rule_counts(); }
    // The session of that tuple in either direction.
    std::optional<kernel::Session> find_session(const kernel::Tuple& tuple);
    bool has_permit(Proto proto, Endpoint4 inside, Ip4 remote);

  private:
    NatShell(kernel::NftElements elements, kernel::Conntrack conntrack, kernel::SessionScan scan,
             kernel::ConntrackWatch endings, kernel::CtTimeouts timeouts,
             kernel::NetlinkSocket rules)
        : elements_(std::move(elements)),
          conntrack_(std::move(conntrack)),
          scan_(std::move(scan)),
          endings_(std::move(endings)),
          timeouts_(std::move(timeouts)),
          rules_(std::move(rules)) {}

    bool is_onward(Endpoint4 endpoint) const;
    struct Listed {
        std::vector<nat::Element> elements;
        std::vector<nat::PinholeElement> pinholes;
        bool complete = true;  // the kernel has told all
    };
    Listed list_elements();
    std::vector<kernel::Element> list_set(std::string_view set, Listed& into);
    // The batches that were not taken, and why.
    using Failures = std::map<nat::BatchId, nat::CommitFailed::Why>;
    Failures commit(const nat::Effects& effects);
    // False: the kernel has taken none of them.
    bool write_pinholes(const nat::Effects& effects);
    std::vector<kernel::ElementChange> changes_of(const nat::Effects& effects,
                                                  const nat::Batch& batch) const;
    void give(const nat::Effects& effects, const Failures& failed);
    // Tells the sender of a waiting packet that it may not go on (RFC 1812 5.3.9: ICMP 3/13).
    void refuse(std::uint32_t token);
    class SessionFeed;
    void feed_sessions(nat::SessionDump how, const Feed& feed);
    bool goes_past_us(const kernel::Session& session, const nat::Session& use);

    kernel::NftElements elements_;
    kernel::Conntrack conntrack_;
    kernel::SessionScan scan_;
    kernel::ConntrackWatch endings_;
    kernel::CtTimeouts timeouts_;
    kernel::NetlinkSocket rules_;
    bool count_pinholes_ = false;
    std::optional<kernel::NfQueue> queue_;
    loop::Fd icmp_;
    // The beginnings of the packets of this burst, for those that are refused.
    std::vector<std::pair<std::uint32_t, std::vector<std::uint8_t>>> burst_;
    std::vector<Port> onward_ports_;
    std::uint16_t onward_queue_ = 0;
    std::vector<std::uint32_t> onward_;  // packets of this burst
};

}  // namespace gatehouse::daemon
