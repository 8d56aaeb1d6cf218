// SPDX-License-Identifier: GPL-2.0-or-later
//
// Packets that rules hand to us, and our verdicts. The queue fails open: when it is full or we are
// dead, packets go on with the rules that follow. Packets come in bursts; the verdicts given while
// a burst is read, or while a Gathering lives, leave together. A verdict for a packet that the
// kernel has dropped meanwhile (its link went down) is no error.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "gateway/base/ip.h"
#include "gateway/base/result.h"
#include "gateway/kernel/netlink.h"

namespace gatehouse::kernel {

enum class Hook : std::uint8_t { prerouting, input, forward, output, postrouting };
// The last one also skips what other chains at the same hook would do with the packet.
enum class Verdict : std::uint8_t { drop, accept, accept_past_the_rest };

// A packet that waits for its verdict; the views end with the callback that got it.
struct QueuedPacket {
    std::uint32_t id = 0;
    Hook hook = Hook::forward;
    unsigned in_link = 0;   // 0 = none: we sent it ourselves
    unsigned out_link = 0;  // 0 = none: not routed yet
    std::uint32_t mark = 0;
    std::optional<Mac> sender;      // of the Ethernet frame it came in
    Bytes payload;                  // from the IP header on
    std::size_t full_length = 0;    // of the packet, if payload is only its beginning
    bool checksum_pending = false;  // its checksums are still to be filled in by the device
    bool segmented_later = false;   // several packets in one, to be cut by the device
    Bytes session;                  // for decode_session(); empty where the kernel cannot say

    bool truncated() const { return payload.size() < full_length; }
};

// The packet in a queue message; nothing if the message is of another kind or malformed.
std::optional<QueuedPacket> decode_packet(const MessageView& message);

// With a payload it replaces the packet: it must begin with an IP header of full length.
std::vector<std::uint8_t> encode_verdict(std::uint16_t queue, std::uint32_t id, Verdict verdict,
                                         Bytes payload = {});
// The packet goes to another queue, or, where nobody reads that one, on.
std::vector<std::uint8_t> encode_hand_over(std::uint16_t queue, std::uint32_t id, std::uint16_t to);
// For every waiting packet whose id is not beyond the given one.
std::vector<std::uint8_t> encode_verdict_up_to(std::uint16_t queue, std::uint32_t id,
                                               Verdict verdict);

struct QueueOptions {
    std::uint16_t number = 0;
    std::uint32_t copy = 0xffff;       // bytes of each packet that we want to see
    std::uint32_t max_waiting = 8192;  // packets; beyond that they pass unseen
    bool whole_bursts = true;          // take packets uncut (GSO): cut ones share one session
    bool session = false;              // ask for conntrack data; see with_session()
    std::size_t receive_buffer = 8U << 20U;
};

class NfQueue {
  public:
    using OnPacket = std::function<void(const QueuedPacket&)>;

    // The verdicts given while it lives leave together when it ends.
    class Gathering {
      public:
        explicit Gathering(NfQueue& queue) : queue_(queue) { ++queue_.gatherings_; }
        ~Gathering() {
            if (--queue_.gatherings_ == 0) queue_.flush();
        }
        Gathering(const Gathering&) = delete;
        Gathering& operator=(const Gathering&) = delete;

      private:
        NfQueue& queue_;
    };

    // Refused if another process holds the queue.
    static Result<NfQueue> open(const QueueOptions& options);

    int fd() const { return socket_.fd(); }
    std::uint16_t number() const { return number_; }
    // Whether the kernel tells the session along with a packet.
    bool with_session() const { return with_session_; }

    // Hands over the packets that wait, at most a bounded number. Each must get a verdict, now or
    // later.
    void read(const OnPacket& on_packet);
    void give(std::uint32_t id, Verdict verdict);
    // Lets another queue decide; where nobody reads that one, the packet is accepted.
    void hand_over(std::uint32_t id, std::uint16_t queue);
    // Accepts the packet with other contents. Lengths and checksums are the caller's business.
    // False, and nothing done, if the payload is no IP packet of its own length.
    bool replace(std::uint32_t id, Bytes payload, Verdict verdict = Verdict::accept);
    void give_up_to(std::uint32_t id, Verdict verdict);

    // Bursts in which the kernel told us that packets were lost on the way to us.
    std::uint64_t overruns() const { return overruns_; }

  private:
    NfQueue(NetlinkSocket socket, std::uint16_t number)
        : socket_(std::move(socket)), number_(number) {}

    NetlinkStatus configure(const QueueOptions& options);
    void push(const std::vector<std::uint8_t>& message);
    void flush();

    NetlinkSocket socket_;
    std::uint16_t number_;
    bool with_session_ = false;
    int gatherings_ = 0;
    std::uint64_t overruns_ = 0;
    std::vector<std::uint8_t> outgoing_;
    std::vector<std::uint32_t> unseen_;  // came before the queue was set up: no contents
};

}  // namespace gatehouse::kernel
