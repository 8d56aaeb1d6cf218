// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/kernel/netlink.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <ctime>

#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

#include "gateway/base/text.h"

namespace gatehouse::kernel {

namespace {

constexpr std::int64_t kAnswerLimitMs = 2000;
constexpr std::size_t kDatagramLimit = 65536;
constexpr std::size_t kMaxTransaction = 8U << 20U;
constexpr int kDumpAttempts = 6;

std::int64_t now_ms() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1000000;
}

Failure<NetlinkError> refused(int number) {
    return fail(NetlinkError{number, error_text(number)});
}

MessageBytes batch_mark(std::uint16_t type, std::uint32_t sequence) {
    MessageWriter out(type, NLM_F_REQUEST);
    out.netfilter_header(AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
    MessageBytes message = out.take();
    stamp(message, sequence, 0);
    return message;
}

}  // namespace

Failure<Error> explain(std::string_view attempt, const NetlinkError& error) {
    return fail(concat(attempt, ": ", error.text));
}

NetlinkError decode_error(const MessageView& message) {
    if (message.payload.size() < 4) {
        if (message.is_done()) return {};
        return {EBADMSG, "the kernel sent a malformed acknowledgement"};
    }
    NetlinkError error;
    const auto code = static_cast<std::int32_t>(host32(message.payload, 0));
    if (code == 0) return error;
    error.number = code == INT32_MIN ? EBADMSG : (code < 0 ? -code : code);
    error.text = error_text(error.number);
    if ((message.flags & NLM_F_ACK_TLVS) == 0) return error;
    // Behind the code of an error stand the header of our message and, unless capped, its payload.
    std::size_t offset = 4;
    if (message.is_error()) {
        const std::size_t ours = host32(message.payload, 4);
        const bool capped = (message.flags & NLM_F_CAPPED) != 0;
        if (!capped && ours > message.payload.size()) return error;
        offset += capped ? std::size_t{NLMSG_HDRLEN} : (ours + 3) & ~std::size_t{3};
    }
    const std::string said = Attributes(message.behind(offset)).text(NLMSGERR_ATTR_MSG);
    if (!said.empty()) append(error.text, " (", printable(said), ')');
    return error;
}

void NetlinkSocket::Close::operator()(mnl_socket* socket) const {
    mnl_socket_close(socket);
}

NetlinkSocket::NetlinkSocket(std::unique_ptr<mnl_socket, Close> socket)
    : socket_(std::move(socket)) {
    set_datagram_limit(kDatagramLimit);
}

void NetlinkSocket::set_datagram_limit(std::size_t bytes) {
    // NOLINTNEXTLINE(modernize-avoid-c-arrays): a vector would write to all of it
    buffer_ = std::make_unique_for_overwrite<std::uint8_t[]>(bytes);
    buffer_size_ = bytes;
}
NetlinkSocket::NetlinkSocket(NetlinkSocket&&) noexcept = default;
NetlinkSocket& NetlinkSocket::operator=(NetlinkSocket&&) noexcept = default;
NetlinkSocket::~NetlinkSocket() = default;

Result<NetlinkSocket> NetlinkSocket::open(Bus bus, std::initializer_list<unsigned> groups) {
    const int number = bus == Bus::route ? NETLINK_ROUTE : NETLINK_NETFILTER;
    std::unique_ptr<mnl_socket, Close> socket(mnl_socket_open2(number, SOCK_CLOEXEC));
    if (!socket) return explain("cannot open a netlink socket", refused(errno).reason);
    const int fd = mnl_socket_get_fd(socket.get());
    if (mnl_socket_bind(socket.get(), 0, MNL_SOCKET_AUTOPID) < 0 ||
        ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK) < 0) {
        return explain("cannot bind a netlink socket", refused(errno).reason);
    }
    int on = 1;  // both only make errors easier to read
    (void)mnl_socket_setsockopt(socket.get(), NETLINK_EXT_ACK, &on, sizeof on);
    (void)mnl_socket_setsockopt(socket.get(), NETLINK_CAP_ACK, &on, sizeof on);
    NetlinkSocket opened(std::move(socket));
    for (const unsigned group : groups) {
        if (auto joined = opened.join(group); !joined) return joined.failure();
    }
    return opened;
}

Status NetlinkSocket::join(unsigned group) {
    auto value = static_cast<int>(group);
    if (mnl_socket_setsockopt(socket_.get(), NETLINK_ADD_MEMBERSHIP, &value, sizeof value) < 0) {
        return explain(concat("cannot join netlink group ", group), refused(errno).reason);
    }
    return {};
}

int NetlinkSocket::fd() const {
    return mnl_socket_get_fd(socket_.get());
}

std::uint32_t NetlinkSocket::port() const {
    return mnl_socket_get_portid(socket_.get());
}

void NetlinkSocket::set_receive_buffer(std::size_t bytes) {
    const auto size = static_cast<int>(bytes);
    if (::setsockopt(fd(), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) == 0) return;
    (void)::setsockopt(fd(), SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
}

void NetlinkSocket::set_no_overrun_reports() {
    int on = 1;
    (void)mnl_socket_setsockopt(socket_.get(), NETLINK_NO_ENOBUFS, &on, sizeof on);
}

NetlinkStatus NetlinkSocket::send(Bytes bytes) {
    if (bytes.empty()) return fail(NetlinkError{EMSGSIZE, "a netlink attribute is too large"});
    sockaddr_nl kernel{};
    kernel.nl_family = AF_NETLINK;
    for (;;) {
        const auto sent = ::sendto(fd(), bytes.data(), bytes.size(), 0,
                                   reinterpret_cast<const sockaddr*>(&kernel), sizeof kernel);
        if (sent >= 0) return {};
        if (errno != EINTR) return refused(errno);
    }
}

NetlinkStatus NetlinkSocket::post(Bytes messages) {
    return send(messages);
}

NetlinkSocket::Got NetlinkSocket::receive(Bytes& datagram) {
    for (;;) {
        sockaddr_nl from{};
        iovec part{buffer_.get(), buffer_size_};
        msghdr header{};
        header.msg_name = &from;
        header.msg_namelen = sizeof from;
        header.msg_iov = &part;
        header.msg_iovlen = 1;
        const auto size = ::recvmsg(fd(), &header, MSG_DONTWAIT);
        if (size < 0) {
            if (errno == EINTR) continue;
            if (errno == EAGAIN || errno == EWOULDBLOCK) return Got::nothing;
            return errno == ENOBUFS ? Got::overrun : Got::failed;
        }
        if (from.nl_pid != 0) continue;  // not from the kernel
        if ((header.msg_flags & MSG_TRUNC) != 0) return Got::overrun;
        datagram = Bytes(buffer_.get(), static_cast<std::size_t>(size));
        return Got::datagram;
    }
}

NetlinkStatus NetlinkSocket::await(std::int64_t deadline_ms) {
    for (;;) {
        const std::int64_t left = deadline_ms - now_ms();
        if (left <= 0) return fail(NetlinkError{ETIMEDOUT, "the kernel did not answer in time"});
        pollfd wait{fd(), POLLIN, 0};
        const int ready = ::poll(&wait, 1, static_cast<int>(left));
        if (ready > 0) return {};
        if (ready < 0 && errno != EINTR) return refused(errno);
    }
}

bool NetlinkSocket::is_answer(const MessageView& message, std::uint32_t sequence) const {
    return message.sequence == sequence && message.port == port();
}

NetlinkStatus NetlinkSocket::request(MessageBytes message, const OnMessage& on_other) {
    const std::uint32_t sequence = ++sequence_;
    stamp(message, sequence, NLM_F_REQUEST | NLM_F_ACK);
    if (auto sent = send(message); !sent) return sent;
    const std::int64_t deadline = now_ms() + kAnswerLimitMs;
    for (;;) {
        if (auto ready = await(deadline); !ready) return ready;
        Bytes datagram;
        const Got got = receive(datagram);
        if (got == Got::failed) return refused(errno);
        if (got != Got::datagram) continue;
        std::optional<NetlinkError> answer;
        MessageReader reader(datagram);
        while (const auto one = reader.next()) {
            if (one->is_error() && is_answer(*one, sequence)) {
                answer = decode_error(*one);
            } else if (on_other) {
                on_other(*one);
            }
        }
        if (answer && answer->number != 0) return fail(std::move(*answer));
        if (answer) return {};
    }
}

NetlinkStatus NetlinkSocket::ask(MessageBytes message, const OnMessage& on_answer) {
    const std::uint32_t sequence = sequence_ + 1;
    return request(std::move(message), [&](const MessageView& answer) {
        if (is_answer(answer, sequence)) on_answer(answer);
    });
}

NetlinkStatus NetlinkSocket::dump(MessageBytes message, const OnMessage& on_message,
                                  const std::function<void()>& on_restart) {
    for (int attempt = 0; attempt < kDumpAttempts; ++attempt) {
        stamp(message, ++sequence_, NLM_F_REQUEST | NLM_F_DUMP);
        bool interrupted = false;
        if (auto told = dump_once(message, on_message, interrupted); !told) return told;
        if (!interrupted) return {};
        on_restart();
    }
    return fail(NetlinkError{EINTR, "the table kept changing while it was listed"});
}

NetlinkStatus NetlinkSocket::dump_once(const MessageBytes& message, const OnMessage& on_message,
                                       bool& interrupted) {
    const std::uint32_t sequence = sequence_;
    if (auto sent = send(message); !sent) return sent;
    for (;;) {
        // Each part has its own time: a long table is not a silent kernel.
        if (auto ready = await(now_ms() + kAnswerLimitMs); !ready) return ready;
        Bytes datagram;
        const Got got = receive(datagram);
        if (got == Got::failed) return refused(errno);
        if (got == Got::overrun) interrupted = true;
        if (got != Got::datagram) continue;
        auto end = read_dump(datagram, sequence, on_message, interrupted);
        if (!end) continue;
        if (end->number == EINTR) interrupted = true;
        if (end->number != 0 && end->number != EINTR) return fail(std::move(*end));
        return {};
    }
}

NetlinkStatus NetlinkSocket::begin_dump(MessageBytes message) {
    stamp(message, ++sequence_, NLM_F_REQUEST | NLM_F_DUMP);
    dump_interrupted_ = false;
    return send(message);
}

NetlinkSocket::DumpPart NetlinkSocket::read_dump_part(const OnMessage& on_message) {
    Bytes datagram;
    const Got got = receive(datagram);
    if (got == Got::nothing) return DumpPart::more;
    if (got != Got::datagram) return DumpPart::broken;
    const auto end = read_dump(datagram, sequence_, on_message, dump_interrupted_);
    if (!end) return DumpPart::more;
    return end->number == 0 && !dump_interrupted_ ? DumpPart::all : DumpPart::broken;
}

// Hands over one part of a dump. With the last part it gives how the dump ended.
std::optional<NetlinkError> NetlinkSocket::read_dump(Bytes datagram, std::uint32_t sequence,
                                                     const OnMessage& on_message,
                                                     bool& interrupted) const {
    MessageReader reader(datagram);
    while (const auto one = reader.next()) {
        if (!is_answer(*one, sequence)) continue;
        if ((one->flags & NLM_F_DUMP_INTR) != 0) interrupted = true;
        if (one->is_done() || one->is_error()) return decode_error(*one);
        if (!interrupted) on_message(*one);
    }
    return std::nullopt;
}

NetlinkStatus NetlinkSocket::transact(std::span<MessageBytes> messages) {
    return batch(messages, true);
}

NetlinkStatus NetlinkSocket::check(std::span<MessageBytes> messages) {
    return batch(messages, false);
}

NetlinkStatus NetlinkSocket::batch(std::span<MessageBytes> messages, bool commit) {
    if (messages.empty()) return {};
    const std::uint32_t first = ++sequence_;
    MessageBytes all = batch_mark(NFNL_MSG_BATCH_BEGIN, first);
    for (MessageBytes& message : messages) {
        if (message.empty()) return fail(NetlinkError{EMSGSIZE, "a message is too large"});
        const bool last = &message == &messages.back();
        stamp(message, ++sequence_,
              static_cast<std::uint16_t>(NLM_F_REQUEST | (last ? NLM_F_ACK : 0)));
        all.insert(all.end(), message.begin(), message.end());
    }
    const std::uint32_t last = sequence_;
    if (commit) {
        const MessageBytes end = batch_mark(NFNL_MSG_BATCH_END, ++sequence_);
        all.insert(all.end(), end.begin(), end.end());
    }
    if (all.size() > kMaxTransaction) {
        return fail(NetlinkError{EMSGSIZE, "too many changes for one transaction"});
    }
    const auto size = static_cast<int>(all.size() * 2);
    if (all.size() > kDatagramLimit) {
        (void)::setsockopt(fd(), SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size);
    }
    if (auto sent = send(all); !sent) return sent;
    return await_batch(first, last);
}

// The kernel answers once the whole batch is through: one error per refused message, then the
// acknowledgement of the last message. What concerns the transaction as a whole (no right, commit
// refused) carries the number of its first message and may be the only answer.
NetlinkStatus NetlinkSocket::await_batch(std::uint32_t first, std::uint32_t last) {
    const std::int64_t deadline = now_ms() + kAnswerLimitMs;
    std::optional<NetlinkError> refusal;
    for (;;) {
        if (auto ready = await(deadline); !ready) return ready;
        Bytes datagram;
        const Got got = receive(datagram);
        if (got == Got::failed) return refused(errno);
        if (got == Got::overrun) {
            return fail(NetlinkError{ENOBUFS, "the kernel's answer to a transaction was lost"});
        }
        if (got != Got::datagram) continue;
        if (!read_verdicts(datagram, first, last, refusal)) continue;
        if (refusal) return fail(std::move(*refusal));
        return {};
    }
}

// Keeps the first refusal; true once the whole transaction is decided.
bool NetlinkSocket::read_verdicts(Bytes datagram, std::uint32_t first, std::uint32_t last,
                                  std::optional<NetlinkError>& refusal) const {
    MessageReader reader(datagram);
    while (const auto one = reader.next()) {
        const bool ours = one->sequence - first <= last - first && one->port == port();
        if (!ours || !one->is_error()) continue;
        auto error = decode_error(*one);
        if (error.number != 0 && !refusal) refusal = std::move(error);
        if (one->sequence == last || (one->sequence == first && refusal)) return true;
    }
    return false;
}

NetlinkSocket::Events NetlinkSocket::read_events(const OnMessage& on_message,
                                                 std::size_t max_datagrams) {
    Events events;
    for (std::size_t i = 0; i < max_datagrams; ++i) {
        Bytes datagram;
        const Got got = receive(datagram);
        if (got == Got::nothing || got == Got::failed) break;
        if (got == Got::overrun) {
            events.overrun = true;
            continue;
        }
        MessageReader reader(datagram);
        while (const auto one = reader.next()) {
            ++events.messages;
            on_message(*one);
        }
    }
    return events;
}

}  // namespace gatehouse::kernel
