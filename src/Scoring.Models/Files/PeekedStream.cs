namespace Scoring.Models.Files;

/// <summary>A stream whose first bytes are known before it is read.</summary>
internal sealed class PeekedStream : Stream
{
    private readonly Stream inner;
    private readonly bool leaveOpen;
    private readonly byte[] start;
    private int taken;

    /// <summary>Reads the first bytes.</summary>
    /// <param name="inner">The stream.</param>
    /// <param name="bytes">How many bytes are to be known, or all if it has fewer.</param>
    /// <param name="leaveOpen">Whether the stream outlives this one.</param>
    public PeekedStream(Stream inner, int bytes, bool leaveOpen)
    {
        this.inner = inner;
        this.leaveOpen = leaveOpen;
        var buffer = new byte[bytes];
        start = buffer[..inner.ReadAtLeast(buffer, bytes, throwOnEndOfStream: false)];
    }

    public ReadOnlySpan<byte> Start => start;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        if (taken == start.Length)
            return inner.Read(buffer);
        var read = Math.Min(buffer.Length, start.Length - taken);
        start.AsSpan(taken, read).CopyTo(buffer);
        taken += read;
        return read;
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing && !leaveOpen)
            inner.Dispose();
        base.Dispose(disposing);
    }
}
