using System.Globalization;
using System.Text;

namespace Scoring.Host.Commands;

/// <summary>
/// Writes replay's output: CSV with <c>\n</c> line ends, doubles in the shortest form that reads back as the
/// same double, missing as an empty field.
/// </summary>
internal sealed class FeatureRows(Stream output)
{
    // More than the longest double takes.
    private const int NumberBytes = 32;

    private byte[] buffer = new byte[64 * 1024];
    private int used;

    public void Header(IReadOnlyList<string> names)
    {
        Text("transactionId"u8);
        foreach (var name in names)
        {
            Append((byte)',');
            Text(Encoding.UTF8.GetBytes(name));
        }

        Append((byte)'\n');
    }

    public void Row(ReadOnlySpan<byte> id, ReadOnlySpan<double> features)
    {
        Text(id);
        foreach (var feature in features)
        {
            Append((byte)',');
            Number(feature);
        }

        Append((byte)'\n');
        if (used > buffer.Length / 2)
            Flush();
    }

    public void Flush()
    {
        output.Write(buffer, 0, used);
        used = 0;
    }

    private void Text(ReadOnlySpan<byte> text)
    {
        var quoted = text.IndexOfAny("\",\r\n"u8) >= 0;
        Reserve((2 * text.Length) + 2);
        if (!quoted)
        {
            text.CopyTo(buffer.AsSpan(used));
            used += text.Length;
            return;
        }

        buffer[used++] = (byte)'"';
        foreach (var c in text)
        {
            if (c == (byte)'"')
                buffer[used++] = c;
            buffer[used++] = c;
        }

        buffer[used++] = (byte)'"';
    }

    private void Number(double value)
    {
        if (double.IsNaN(value))
            return;
        Reserve(NumberBytes);
        // Counts and flags are most of the values, and whole numbers are written four times as fast.
        var whole = (int)value;
        int written;
        if (whole == value && (whole != 0 || !double.IsNegative(value)))
            whole.TryFormat(buffer.AsSpan(used), out written, provider: CultureInfo.InvariantCulture);
        else
            value.TryFormat(buffer.AsSpan(used), out written, provider: CultureInfo.InvariantCulture);
        used += written;
    }

    private void Append(byte c)
    {
        Reserve(1);
        buffer[used++] = c;
    }

    private void Reserve(int bytes)
    {
        if (buffer.Length - used >= bytes)
            return;
        Flush();
        if (buffer.Length < bytes)
            buffer = new byte[bytes];
    }
}
