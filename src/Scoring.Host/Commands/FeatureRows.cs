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

    // Four decimal places, as amounts have.
    private const long AmountUnit = 10_000;

    // More than the product of an amount below MaxAmount is off its whole number.
    private const double MaxRounding = 0.25;

    // Below it an amount has at most 15 digits.
    private const double MaxAmount = 1e11;

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
        // Counts, flags and amounts are most of the values, and their digits are known without a search for the shortest.
        var whole = (int)value;
        int written;
        if (whole == value && (whole != 0 || !double.IsNegative(value)))
            whole.TryFormat(buffer.AsSpan(used), out written, provider: CultureInfo.InvariantCulture);
        else if (!TryAmount(value, buffer.AsSpan(used), out written))
            value.TryFormat(buffer.AsSpan(used), out written, provider: CultureInfo.InvariantCulture);
        used += written;
    }

    // A decimal of at most 15 digits is the only one so short that reads back as its double, so it is the shortest.
    private static bool TryAmount(double value, Span<byte> room, out int written)
    {
        written = 0;
        var scaled = value * AmountUnit;
        var units = (long)Math.Round(scaled);
        // Most means have no end: they are told from amounts without a division.
        if (Math.Abs(value) >= MaxAmount || Math.Abs(scaled - units) > MaxRounding)
            return false;
        var (whole, rest) = Math.DivRem(Math.Abs(units), AmountUnit);
        if (units / (double)AmountUnit != value || rest == 0)
            return false;
        if (units < 0)
            room[written++] = (byte)'-';
        whole.TryFormat(room[written..], out var digits, provider: CultureInfo.InvariantCulture);
        written += digits;
        room[written++] = (byte)'.';
        var places = (int)rest;
        room[written] = (byte)('0' + (places / 1_000));
        room[written + 1] = (byte)('0' + (places / 100 % 10));
        room[written + 2] = (byte)('0' + (places / 10 % 10));
        room[written + 3] = (byte)('0' + (places % 10));
        written += places % 10 != 0 ? 4 : places % 100 != 0 ? 3 : places % 1_000 != 0 ? 2 : 1;
        return true;
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
