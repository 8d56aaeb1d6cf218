// SPDX-License-Identifier: GPL-2.0-or-later
//
// One netlink socket. Two kinds of use that must not share a socket:
//  - asking: request, ask, dump and transact send and wait for the answer, never longer than two
//    seconds; answers are matched by sequence number;
//  - listening: opened with groups and read with read_events when fd() is readable (level
//    triggered). The socket never blocks there. What the kernel had to drop because we were slow is
//    reported as an overrun, to which the only right answer is a new dump.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "gateway/base/result.h"
#include "gateway/kernel/message.h"

struct mnl_socket;

namespace gatehouse::kernel {

enum class Bus : std::uint8_t { route, netfilter };

// Why the kernel refused: an errno value and words, with the kernel's own explanation if it gave
// one. number is 0 where no errno applies (a malformed answer).
struct NetlinkError {
    int number = 0;
    std::string text;
};

using NetlinkStatus = Result<void, NetlinkError>;

// Words for people, starting with what was attempted.
Failure<Error> explain(std::string_view attempt, const NetlinkError& error);

// The error in an NLMSG_ERROR or NLMSG_DONE message; number 0 means success.
NetlinkError decode_error(const MessageView& message);

using MessageBytes = std::vector<std::uint8_t>;

class NetlinkSocket {
  public:
    // A socket of the calling thread's network namespace.
    static Result<NetlinkSocket> open(Bus bus, std::initializer_list<unsigned> groups = {});

    NetlinkSocket(const NetlinkSocket&) = delete;
    NetlinkSocket& operator=(const NetlinkSocket&) = delete;
    NetlinkSocket(NetlinkSocket&&) noexcept;
    NetlinkSocket& operator=(NetlinkSocket&&) noexcept;
    ~NetlinkSocket();

    // Listens to one more group.
    Status join(unsigned group);

    int fd() const;
    std::uint32_t port() const;
    // Best effort, beyond the system's limit if we are allowed to.
    void set_receive_buffer(std::size_t bytes);
    // Asks the kernel not to report lost messages (queue sockets, which count losses themselves).
    void set_no_overrun_reports();
    // How large a single datagram may be; larger ones are lost and count as an overrun.
    void set_datagram_limit(std::size_t bytes);

    // Sends a message and waits for its acknowledgement. Messages that belong to nobody's question
    // go to on_other.
    NetlinkStatus request(MessageBytes message, const OnMessage& on_other = {});
    // Sends a message, hands the answers to on_answer and waits for the acknowledgement.
    NetlinkStatus ask(MessageBytes message, const OnMessage& on_answer);
    // Lists a table. The kernel may notice that the table changed under the listing: then it is
    // told from the beginning, after on_restart.
    NetlinkStatus dump(MessageBytes message, const OnMessage& on_message,
                       const std::function<void()>& on_restart);
    // Begins to list a table without waiting; what comes of it is read part by part when fd() is
    // readable. One at a time.
    NetlinkStatus begin_dump(MessageBytes message);
    enum class DumpPart : std::uint8_t { more, all, broken };
    // The next part, if there is one. Broken: the table changed, or something was lost.
    DumpPart read_dump_part(const OnMessage& on_message);
    // Sends nftables messages as one transaction: all of them or none. The error is that of the
    // first message refused.
    NetlinkStatus transact(std::span<MessageBytes> messages);
    // As transact, but the kernel only checks and then forgets it.
    NetlinkStatus check(std::span<MessageBytes> messages);

    // Sends without waiting for anything; an error is one of sending.
    NetlinkStatus post(Bytes messages);

    struct Events {
        std::size_t messages = 0;
        bool overrun = false;  // the kernel dropped something: dump again
    };
    // Hands over what has arrived, at most a bounded number of datagrams.
    Events read_events(const OnMessage& on_message, std::size_t max_datagrams = 256);

  private:
    struct Close {
        void operator()(mnl_socket* socket) const;
    };
    enum class Got : std::uint8_t { datagram, nothing, overrun, failed };

    explicit NetlinkSocket(std::unique_ptr<mnl_socket, Close> socket);

    NetlinkStatus batch(std::span<MessageBytes> messages, bool commit);
    NetlinkStatus await_batch(std::uint32_t first, std::uint32_t last);
    NetlinkStatus dump_once(const MessageBytes& message, const OnMessage& on_message,
                            bool& interrupted);
    std::optional<NetlinkError> read_dump(Bytes datagram, std::uint32_t sequence,
                                          const OnMessage& on_message, bool& interrupted) const;
    bool read_verdicts(Bytes datagram, std::uint32_t first, std::uint32_t last,
                       std::optional<NetlinkError>& refusal) const;
    NetlinkStatus send(Bytes bytes);
    NetlinkStatus await(std::int64_t deadline_ms);
    Got receive(Bytes& datagram);
    bool is_answer(const MessageView& message, std::uint32_t sequence) const;

    std::unique_ptr<mnl_socket, Close> socket_;
    // Not initialised: only what the kernel writes costs memory.
    // NOLINTNEXTLINE(modernize-avoid-c-arrays): a vector would write to all of it
    std::unique_ptr<std::uint8_t[]> buffer_;
    std::size_t buffer_size_ = 0;
    std::uint32_t sequence_ = 0;
    bool dump_interrupted_ = false;
};

}  // namespace gatehouse::kernel
