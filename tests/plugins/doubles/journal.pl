#!/usr/bin/env perl
# A whole plugin in another language, without a protobuf library: every byte is made here.
#
# Its source is a text file whose lines begin with a UTC time:
#     2024-05-01T10:00:00Z bought apples
# Each line is an item. The state is the number of lines that were sent.
#
#     journal.pl   (no arguments: requests on standard input, responses on standard output)
use strict;
use warnings;
use Encode qw(decode encode FB_CROAK);
use IO::Select;
use JSON::PP;
use Time::Local qw(timegm);

my $ID          = 'journal';
my %ERROR       = (CONFIG => 1, UNREACHABLE => 2, UNKNOWN_OPERATION => 3, CANCELLED => 4);
my $BATCH_BYTES = 96 * 1024;

my %SCHEMA = (
    type                 => 'object',
    additionalProperties => JSON::PP::false,
    required             => ['path'],
    properties           => {
        path   => {type => 'string',  description => 'The journal.'},
        first  => {type => 'integer', description => 'Leave out the lines before this one.', minimum => 1},
        upper  => {type => 'boolean', description => 'Shout.'},
        secret => {type => 'string',  description => 'Not needed at all.', writeOnly => JSON::PP::true},
    },
);

# --- protobuf: a message is a list of (field number and wire type, value) ---------------------

sub varint {
    my ($value) = @_;
    $value = unpack('Q', pack('q', $value));    # negative numbers travel as 64 bits
    my $out = '';
    while ($value > 127) {
        $out .= chr($value & 127 | 128);
        $value >>= 7;
    }
    return $out . chr($value);
}

sub bytes_field { my ($number, $bytes) = @_; return varint($number << 3 | 2) . varint(length $bytes) . $bytes }
sub text_field  { my ($number, $text)  = @_; return $text eq '' ? '' : bytes_field($number, encode('UTF-8', $text)) }
sub int_field   { my ($number, $value) = @_; return $value == 0 ? '' : varint($number << 3) . varint($value) }

# The varint at a position, and the position behind it; nothing if it is not all there.
sub read_varint {
    my ($data, $at) = @_;
    my ($value, $shift) = (0, 0);
    while ($at < length $$data) {
        my $byte = ord substr($$data, $at++, 1);
        $value |= ($byte & 127) << $shift;
        return ($value, $at) if $byte < 128;
        $shift += 7;
    }
    return;
}

# Field number => list of values; numbers unsigned, everything else as bytes.
sub fields {
    my ($data) = @_;
    my (%found, $tag, $value);
    my $at = 0;
    while ($at < length $data) {
        ($tag, $at) = read_varint(\$data, $at);
        my $type = $tag & 7;
        if    ($type == 0) { ($value, $at) = read_varint(\$data, $at) }
        elsif ($type == 1) { $value = substr($data, $at, 8); $at += 8 }
        elsif ($type == 5) { $value = substr($data, $at, 4); $at += 4 }
        else {
            (my $length, $at) = read_varint(\$data, $at);
            $value = substr($data, $at, $length);
            $at += $length;
        }
        push @{$found{$tag >> 3}}, $value;
    }
    return \%found;
}

sub signed { return unpack('q', pack('Q', $_[0] // 0)) }

# --- requests and responses -------------------------------------------------------------------

my $buffer = '';
my $input  = IO::Select->new(\*STDIN);
my @requests;
my $closed = 0;

# Take in what has arrived; wait for it if told to.
sub read_requests {
    my ($wait) = @_;
    while (!$closed && $input->can_read($wait ? undef : 0)) {
        my $count = sysread(STDIN, $buffer, 65536, length $buffer);
        $closed = 1 if !$count;
        while (my ($length, $start) = read_varint(\$buffer, 0)) {
            last if length($buffer) < $start + $length;
            push @requests, request(substr($buffer, $start, $length));
            substr($buffer, 0, $start + $length) = '';
        }
        return if $wait && (@requests || $closed);
    }
    return;
}

sub request {
    my $f = fields($_[0]);
    my %config;
    for my $entry (map { fields($_) } @{$f->{2} // []}) {
        $config{decode('UTF-8', $entry->{1}[0] // '')} = decode('UTF-8', $entry->{2}[0] // '');
    }
    my $window = $f->{5} && fields($f->{5}[0]);
    return {
        id        => $f->{4}[0] // 0,
        config    => \%config,
        operation => $f->{3}[0] // '',
        window    => $window && [signed($window->{1}[0]), signed($window->{2}[0])],
        state     => $f->{6}[0] // '',
        full      => $f->{7}[0] // 0,
        granule   => $f->{8}[0] || 'monthly',
        chunk     => $f->{10}[0] || 10 * 1024 * 1024,
    };
}

sub respond {
    my ($request, @parts) = @_;
    my $body = join '', text_field(1, $ID), int_field(4, $request->{id}), @parts;
    my $out  = varint(length $body) . $body;
    while (length $out) {
        my $count = syswrite(STDOUT, $out) // exit 0;    # the host has gone
        substr($out, 0, $count) = '';
    }
    return;
}

sub done { my ($request, @parts) = @_; return respond($request, @parts, int_field(5, 1)) }

# Ends an operation; `answer` tells the host.
sub fail { my ($code, $text, $setting) = @_; die {code => $ERROR{$code}, text => $text, setting => $setting // ''} }

# Whether the host no longer wants the answer.
sub cancelled {
    read_requests(0);
    my @others = grep { $_->{operation} ne 'cancel' } @requests;
    my $asked  = @others < @requests;
    @requests = @others;
    return $asked || $closed;
}

# --- the source --------------------------------------------------------------------------------

sub settings {
    my ($request) = @_;
    my %config = %{$request->{config}};
    for my $name (sort keys %config) {
        my $type  = ($SCHEMA{properties}{$name} // fail('CONFIG', 'is no setting of this plugin', $name))->{type};
        my $value = $config{$name};
        fail('CONFIG', "is '$value'; it must be a whole number", $name) if $type eq 'integer' && $value !~ /^[1-9]\d*$/;
        fail('CONFIG', "is '$value'; it must be true or false", $name)  if $type eq 'boolean' && $value !~ /^(true|false)$/;
    }
    fail('CONFIG', 'is required', 'path') if !length($config{path} // '');
    return \%config;
}

# Each line as {number, time, text}.
sub entries {
    my ($config) = @_;
    open my $file, '<:raw', encode('UTF-8', $config->{path}) or fail('UNREACHABLE', "cannot read $config->{path}: $!");
    my @entries;
    while (my $line = <$file>) {
        next if $. < ($config->{first} // 1);
        my ($year, $month, $day, $hour, $minute, $second, $text) =
            $line =~ /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)Z (.*)/s or next;
        chomp $text;
        $text = uc $text if ($config->{upper} // 'false') eq 'true';
        push @entries,
            {number => $., time => timegm($second, $minute, $hour, $day, $month - 1, $year), text => $text};
    }
    return @entries;
}

# The calendar window, in UTC, around a time.
sub window_around {
    my ($time, $granule) = @_;
    my (undef, undef, $hour, $day, $month, $year) = gmtime $time;
    return (timegm(0, 0, 0, 1, 0, $year), timegm(0, 0, 0, 1, 0, $year + 1)) if $granule eq 'yearly';
    my $step = $granule eq 'hourly' ? 3600 : 86400;
    return ($time - $time % $step, $time - $time % $step + $step) if $granule ne 'monthly';
    my $next = $month == 11 ? timegm(0, 0, 0, 1, 0, $year + 1) : timegm(0, 0, 0, 1, $month + 1, $year);
    return (timegm(0, 0, 0, 1, $month, $year), $next);
}

# --- operations --------------------------------------------------------------------------------

sub describe {
    my ($request) = @_;
    my $plugin = join '', text_field(1, $ID), text_field(2, 'Journal'), text_field(3, 'Dated lines of a text file.'),
        text_field(5, '1.0'), text_field(6, encode_json(\%SCHEMA)), text_field(7, 'event'),
        map { text_field(8, $_) } qw(describe configure check discover extract cancel);
    return done($request, bytes_field(9, $plugin));
}

sub configure { my ($request) = @_; settings($request);          return done($request) }
sub check     { my ($request) = @_; entries(settings($request)); return done($request) }

sub discover {
    my ($request) = @_;
    my %windows;
    for my $entry (entries(settings($request))) {
        next if $entry->{number} <= ($request->{state} || 0);
        my ($start, $end) = window_around($entry->{time}, $request->{granule});
        $windows{$start} = $end;
    }
    my @windows = map { bytes_field(10, int_field(1, $_) . int_field(2, $windows{$_})) } sort { $a <=> $b } keys %windows;
    return done($request, @windows, int_field(11, 1));
}

sub extract {
    my ($request) = @_;
    my $config = settings($request);
    my $sent   = $request->{full} ? 0 : $request->{state} || 0;
    my $last   = $request->{state} || 0;
    my $batch  = '';
    for my $entry (entries($config)) {
        fail('CANCELLED', 'was cancelled') if cancelled();
        $last = $entry->{number} if $entry->{number} > $last;
        next if $entry->{number} <= $sent;
        my $window = $request->{window};
        next if $window && ($entry->{time} < $window->[0] || $entry->{time} >= $window->[1]);
        if (length $entry->{text} > $request->{chunk}) {
            respond($request, $batch) if length $batch;
            $batch = '';
            send_in_chunks($request, $entry);
        }
        else {
            $batch .= bytes_field(2, item($entry) . bytes_field(5, $entry->{text}));
        }
        next if length $batch < $BATCH_BYTES;
        respond($request, $batch);
        $batch = '';
    }
    return done($request, $batch, bytes_field(6, "$last"));
}

# A DataItem without its content.
sub item {
    my ($entry) = @_;
    my $metadata = text_field(1, 'line') . text_field(2, "$entry->{number}");
    return join '', text_field(1, $ID), text_field(2, "line-$entry->{number}"), int_field(3, $entry->{time}),
        text_field(4, 'text/plain'), bytes_field(6, $metadata);
}

sub send_in_chunks {
    my ($request, $entry) = @_;
    my $size = length $entry->{text};
    for (my $offset = 0; $offset < $size; $offset += $request->{chunk}) {
        my $data  = substr($entry->{text}, $offset, $request->{chunk});
        my $chunk = join '', $offset ? '' : bytes_field(1, item($entry)), text_field(2, "line-$entry->{number}"),
            int_field(3, $offset), bytes_field(4, $data), int_field(5, $offset + length($data) == $size ? 1 : 0);
        respond($request, bytes_field(13, $chunk));
    }
    return;
}

my %OPERATIONS = (
    describe  => \&describe,
    configure => \&configure,
    check     => \&check,
    discover  => \&discover,
    extract   => \&extract,
);

sub answer {
    my ($request) = @_;
    my $operation = $OPERATIONS{$request->{operation}};
    return if eval {
        fail('UNKNOWN_OPERATION', "operation '$request->{operation}' is unknown to this plugin") if !$operation;
        $operation->($request);
        1;
    };
    my $error = ref $@ ? $@ : {code => 5, text => "$@", setting => ''};
    return done($request, text_field(3, $error->{text}), int_field(7, $error->{code}), text_field(8, $error->{setting}));
}

binmode $_, ':raw' for \*STDIN, \*STDOUT;
while (1) {
    read_requests(1) if !@requests;
    last if !@requests;
    my $request = shift @requests;
    answer($request) if $request->{operation} ne 'cancel';
}
