// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/loop/disk_sync.h"

#include <linux/aio_abi.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>

namespace gatehouse::loop {
namespace {

#ifdef SYS_io_getevents
constexpr long kGetEvents = SYS_io_getevents;
#else  // processors of 32 bits whose kernel never had a time of 32 bits
constexpr long kGetEvents = SYS_io_pgetevents_time64;
#endif

}  // namespace

DiskSync::~DiskSync() {
    if (ended_) loop_.unwatch(ended_.get());
    if (context_ != 0) ::syscall(SYS_io_destroy, context_);
}

bool DiskSync::start(int fd, Done done) {
    if (done_) return false;
    if (open() && submit(fd)) {
        done_ = std::move(done);
        return true;
    }
    done(::fdatasync(fd) == 0);
    return true;
}

bool DiskSync::open() {
    if (tried_) return context_ != 0;
    tried_ = true;
    Fd ended(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
    if (!ended || ::syscall(SYS_io_setup, 1, &context_) != 0) return false;
    if (!loop_.watch(ended.get(), EPOLLIN, [this](std::uint32_t) { finish(); })) {
        ::syscall(SYS_io_destroy, context_);
        context_ = 0;
        return false;
    }
    ended_ = std::move(ended);
    return true;
}

// A kernel or file system that cannot do it says so at once.
bool DiskSync::submit(int fd) const {
    iocb request{};
    request.aio_lio_opcode = IOCB_CMD_FDSYNC;
    request.aio_fildes = static_cast<std::uint32_t>(fd);
    request.aio_flags = IOCB_FLAG_RESFD;
    request.aio_resfd = static_cast<std::uint32_t>(ended_.get());
    std::array<iocb*, 1> requests{&request};
    return ::syscall(SYS_io_submit, context_, 1, requests.data()) == 1;
}

void DiskSync::finish() {
    eventfd_t count = 0;
    (void)::eventfd_read(ended_.get(), &count);
    io_event event{};
    if (::syscall(kGetEvents, context_, 0, 1, &event, nullptr, nullptr) != 1) return;
    // It may begin another one.
    const Done done = std::exchange(done_, nullptr);
    done(event.res == 0);
}

}  // namespace gatehouse::loop
