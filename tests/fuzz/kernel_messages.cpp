// SPDX-License-Identifier: GPL-2.0-or-later
//
// What comes over netlink: sessions, queued packets (their contents are a stranger's), elements,
// links, addresses, routes, neighbours and changes of rules. The input is a row of messages: two
// bytes of length, two of type, and the payload, in the order of this machine.
#include <algorithm>
#include <cstring>

#include "gateway/kernel/ct_codec.h"
#include "gateway/kernel/links.h"
#include "gateway/kernel/neighbours.h"
#include "gateway/kernel/netlink.h"
#include "gateway/kernel/nfqueue.h"
#include "gateway/kernel/nft_elements.h"
#include "gateway/kernel/nft_watch.h"
#include "tests/fuzz/support/require.h"

using namespace gatehouse;
using namespace gatehouse::kernel;

namespace {

bool lies_within(Bytes part, Bytes whole) {
    return part.empty() || (part.data() >= whole.data() &&
                            part.data() + part.size() <= whole.data() + whole.size());
}

void read_packet(const MessageView& message) {
    const auto packet = decode_packet(message);
    if (!packet) return;
    require(lies_within(packet->payload, message.payload), "a packet from beyond its message");
    require(lies_within(packet->session, message.payload), "a session from beyond its message");
    (void)decode_session(packet->session);
}

void read_session(const MessageView& message) {
    const auto event = decode_session_event(message);
    if (!event) return;
    // What is named can be asked for and ended.
    require(!encode_session_delete(event->session).empty());
    require(!encode_session_get(event->session.original, event->session.zone).empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Bytes rest(data, size);
    LinkTable links;
    NeighbourTable neighbours;
    CommitCollector commits(7);
    std::size_t messages = 0;
    while (rest.size() >= 4) {
        std::uint16_t length = 0;
        MessageView message;
        std::memcpy(&length, rest.data(), sizeof length);
        std::memcpy(&message.type, rest.data() + 2, sizeof message.type);
        rest = rest.subspan(4);
        message.payload = rest.first(std::min<std::size_t>(length, rest.size()));
        rest = rest.subspan(message.payload.size());
        ++messages;
        (void)links.apply(message);
        (void)neighbours.apply(message);
        if (const auto commit = commits.add(message))
            require(commit->tables.size() <= messages, "changes out of nothing");
        (void)decode_error(message);
        (void)decode_rule_count(message);
        std::vector<Element> elements;
        (void)decode_elements(message, elements);
        require(elements.size() <= message.payload.size(), "elements out of nothing");
        read_packet(message);
        read_session(message);
    }
    require(links.links().size() <= messages, "links out of nothing");
    return 0;
}
