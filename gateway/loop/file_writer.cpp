// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/loop/file_writer.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <iterator>
#include <utility>

namespace gatehouse::loop {

namespace {

// What a disk that does not answer for a while may let wait in the kernel; what waits in the daemon
// is lost with it.
constexpr int kSocketRoom = 4 << 20;

Instant clock_now() {
    timespec now{};
    ::clock_gettime(CLOCK_BOOTTIME, &now);
    return Instant(std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec));
}

int milliseconds_until(std::optional<Instant> at) {
    if (!at) return -1;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(*at - clock_now()).count();
    return static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000));
}

void close_between(unsigned first, unsigned last) {
    if (first > last) return;
#ifdef SYS_close_range
    if (::syscall(SYS_close_range, first, last, 0) == 0) return;
#endif
    constexpr unsigned kMany = 1024;
    for (unsigned fd = first; fd <= std::min(last, kMany); ++fd)
        ::close(static_cast<int>(fd));
}

// The sockets of a daemon that died must be free for the next one.
void close_all_but(int one, int other) {
    const Fd null(::open("/dev/null", O_RDWR));
    for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
        ::dup2(null.get(), standard);
    const auto low = static_cast<unsigned>(std::max(std::min(one, other), STDERR_FILENO));
    const auto high = static_cast<unsigned>(std::max(one, other));
    close_between(STDERR_FILENO + 1, low - 1);
    close_between(low + 1, high - 1);
    close_between(high + 1, ~0U);
}

Status perform(FileWork& work, const FileMessage& message) {
    switch (message.kind) {
        case FileMessage::Kind::replace:
            return work.replace(message.id, std::string(message.path), message.text, message.how);
        case FileMessage::Kind::append: return work.append(message.id, message.text, clock_now());
        case FileMessage::Kind::forget: work.forget(message.id); return {};
        case FileMessage::Kind::replaced:
        case FileMessage::Kind::failed: return {};  // what the daemon is told
    }
    return {};
}

void answer(int socket, FileMessage::Kind kind, FileId id, std::string_view text) {
    const std::string bytes = write_message({kind, id, {}, {}, text});
    // Nobody may be there to hear it.
    (void)::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
}

// The whole life of the process.
void write_files(int socket) {
    FileWork work;
    FileMessages messages;
    const auto lost = [socket](FileId id, const Error& why) {
        answer(socket, FileMessage::Kind::failed, id, why.text);
    };
    for (;;) {
        pollfd waits{socket, POLLIN, 0};
        const int ready = ::poll(&waits, 1, milliseconds_until(work.due()));
        work.sync(clock_now(), lost);
        if (ready <= 0) continue;
        if (messages.read(socket, 0) <= 0) break;
        while (const auto message = messages.next()) {
            const Status done = perform(work, *message);
            if (!done) {
                lost(message->id, done.error());
            } else if (message->kind == FileMessage::Kind::replace) {
                answer(socket, FileMessage::Kind::replaced, message->id, {});
            }
        }
    }
    work.sync(Instant::max(), lost);
}

}  // namespace

WrittenFile::WrittenFile(FileWriter& writer, std::string path, const Replacing& how, Told told)
    : writer_(writer),
      id_(writer.add(*this)),
      path_(std::move(path)),
      how_(how),
      told_(std::move(told)) {}

WrittenFile::~WrittenFile() {
    writer_.remove(*this);
}

void WrittenFile::replace(std::string_view text) {
    writer_.replace(*this, text);
}

void WrittenFile::append(std::string_view text) {
    if (!text.empty()) writer_.append(*this, text);
}

FileWriter::~FileWriter() {
    if (sync_) loop_.cancel(*sync_);
    if (socket_) loop_.unwatch(socket_.get());
}

Status FileWriter::start(int keep, const std::function<void()>& first) {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
        return fail_with_errno("the process that writes files");
    }
    Fd ours(ends[0]);
    const Fd theirs(ends[1]);
    for (const int option : {SO_SNDBUF, SO_SNDBUFFORCE})
        (void)::setsockopt(ours.get(), SOL_SOCKET, option, &kSocketRoom, sizeof kSocketRoom);
    sigset_t all;
    sigset_t before;
    ::sigfillset(&all);
    ::sigprocmask(SIG_SETMASK, &all, &before);
    const pid_t child = ::fork();
    if (child == 0) {
        // It goes when the daemon has gone, and not with it or its group.
        (void)::setsid();
        for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGPIPE})
            (void)::signal(signal, SIG_IGN);
        ::sigprocmask(SIG_SETMASK, &before, nullptr);
        (void)::prctl(PR_SET_NAME, "gatehouse-files", 0, 0, 0);
        close_all_but(theirs.get(), keep);
        first();
        write_files(theirs.get());
        ::_exit(0);
    }
    ::sigprocmask(SIG_SETMASK, &before, nullptr);
    if (child < 0) return fail_with_errno("the process that writes files");
    child_ = child;
    socket_ = std::move(ours);
    watch(EPOLLIN);
    return {};
}

void FileWriter::watch(std::uint32_t events) {
    wants_room_ = (events & EPOLLOUT) != 0;
    loop_.unwatch(socket_.get());
    (void)loop_.watch(socket_.get(), events, [this](std::uint32_t) {
        send_waiting();
        read_answers();
    });
}

FileId FileWriter::add(WrittenFile& file) {
    files_.push_back(&file);
    return ++last_;
}

void FileWriter::remove(WrittenFile& file) {
    std::erase(files_, &file);
    own_.forget(file.id_);
    hand_over({FileMessage::Kind::forget, file.id_, {}, {}, {}});
}

void FileWriter::tell(FileId id, const Status& status) {
    const auto found = std::find_if(files_.begin(), files_.end(),
                                    [id](const WrittenFile* file) { return file->id_ == id; });
    if (found != files_.end()) (*found)->told_(status);
}

void FileWriter::replace(const WrittenFile& file, std::string_view text) {
    // What waits for this file would only be written in vain.
    for (auto one = waiting_.begin(); one != waiting_.end();) {
        const auto next = std::next(one);
        const bool begun = one == waiting_.begin() && sent_ > 0;
        if (one->id == file.id_ && !begun) {
            waiting_bytes_ -= one->bytes.size();
            waiting_.erase(one);
        }
        one = next;
    }
    if (hand_over({FileMessage::Kind::replace, file.id_, file.how_, file.path_, text})) return;
    tell(file.id_, own_.replace(file.id_, file.path_, text, file.how_));
}

void FileWriter::append(const WrittenFile& file, std::string_view text) {
    if (waiting_bytes_ > kMostWaiting) {
        return tell(file.id_, fail("too much waits for the disk"));
    }
    if (hand_over({FileMessage::Kind::append, file.id_, {}, {}, text})) return;
    const Status done = own_.append(file.id_, text, loop_.now());
    if (!done) return tell(file.id_, done);
    sync_later();
}

void FileWriter::sync_later() {
    const auto due = own_.due();
    if (sync_ || !due) return;
    sync_ = loop_.at(*due, [this] {
        sync_.reset();
        own_.sync(loop_.now(), [this](FileId id, const Error& why) { tell(id, fail(why)); });
        sync_later();
    });
}

// False where there is no process.
bool FileWriter::hand_over(const FileMessage& message) {
    if (!socket_) return finished_;
    waiting_.push_back({message.id, write_message(message)});
    waiting_bytes_ += waiting_.back().bytes.size();
    if (waiting_.size() == 1) send_waiting();
    return true;
}

void FileWriter::send_waiting() {
    while (!waiting_.empty()) {
        const std::string_view rest = std::string_view(waiting_.front().bytes).substr(sent_);
        const ssize_t took =
            ::send(socket_.get(), rest.data(), rest.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        if (took < 0 && errno == EINTR) continue;
        if (took < 0) break;  // where it has ended the loop tells
        sent_ += static_cast<std::size_t>(took);
        if (sent_ < waiting_.front().bytes.size()) continue;
        waiting_bytes_ -= sent_;
        sent_ = 0;
        waiting_.pop_front();
    }
    if (wants_room_ == waiting_.empty()) watch(waiting_.empty() ? EPOLLIN : EPOLLIN | EPOLLOUT);
}

void FileWriter::read_answers() {
    while (socket_) {
        const ssize_t got = answers_.read(socket_.get(), MSG_DONTWAIT);
        if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
        if (got <= 0) return lose_process();
        while (const auto message = answers_.next()) {
            if (message->kind == FileMessage::Kind::replaced) {
                tell(message->id, {});
            } else {
                tell(message->id, fail(message->text));
            }
        }
    }
}

void FileWriter::lose_process() {
    loop_.unwatch(socket_.get());
    socket_ = {};
    waiting_.clear();
    waiting_bytes_ = sent_ = 0;
    if (child_ > 0) (void)::waitpid(child_, nullptr, 0);
    child_ = 0;
    if (finished_) return;
    if (ended_) ended_();
    // Nobody knows what it had still to do.
    std::vector<FileId> all;
    for (const WrittenFile* file : files_)
        all.push_back(file->id_);
    for (const FileId id : all)
        tell(id, fail("the process that writes files has ended"));
}

Status FileWriter::finish(Duration patience) {
    own_.sync(Instant::max(), [](FileId /*id*/, const Error& /*why*/) {});
    finished_ = true;
    if (!socket_) return {};
    const Instant end = clock_now() + patience;
    bool open = true;
    while (socket_) {
        if (open && waiting_.empty()) {
            open = false;
            (void)::shutdown(socket_.get(), SHUT_WR);
        }
        pollfd waits{socket_.get(), static_cast<short>(open ? POLLIN | POLLOUT : POLLIN), 0};
        if (::poll(&waits, 1, milliseconds_until(end)) == 0) {
            return fail("files are still being written");
        }
        send_waiting();
        read_answers();
    }
    return {};
}

}  // namespace gatehouse::loop
