// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/daemon/log_writer.h"

#include <sys/uio.h>
#include <syslog.h>
#include <unistd.h>

#include <string>

namespace gatehouse::daemon {

LogWriter::LogWriter(Level most) : most_(most), with_priority_(::isatty(STDERR_FILENO) == 0) {}

void LogWriter::leave_terminal() {
    ::openlog("gatehouse", LOG_NDELAY | LOG_PID, LOG_DAEMON);
    system_log_ = true;
}

void LogWriter::write(const LogLine& line) const {
    if (line.level > most_) return;
    if (system_log_) {
        ::syslog(static_cast<int>(line.level), "%s", line.to_string().c_str());
        return;
    }
    const std::string text = (with_priority_ ? line.with_priority() : line.to_string()) + "\n";
    // One call for one line, so that lines of several processes do not mix.
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
}

}  // namespace gatehouse::daemon
