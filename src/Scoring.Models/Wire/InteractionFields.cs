using System.Text;
using System.Text.Json;

namespace Scoring.Models.Wire;

/// <summary>What has been read of the JSON of an interaction. Of equal keys the last counts, with its errors.</summary>
internal sealed class InteractionFields
{
    private static readonly (string Name, EventRules.TextUse Use, bool IsRequired)[] Texts =
    [
        ("interactionId", EventRules.TextUse.PathId, true),
        ("userId", EventRules.TextUse.PathId, true),
        ("type", EventRules.TextUse.Plain, true),
        ("outcome", EventRules.TextUse.Plain, false),
        ("deviceId", EventRules.TextUse.Id, false),
        ("ip", EventRules.TextUse.Plain, false),
    ];

    private readonly Dictionary<string, string> texts = [];
    private FieldErrors errors;
    private long? time;

    /// <summary>Takes the property on whose name the reader stands.</summary>
    public void Read(ref Utf8JsonReader reader)
    {
        var name = TryGetText(ref reader) ?? "";
        reader.Read();
        if (name == "eventTime")
            ReadTime(ref reader);
        else if (Array.Exists(Texts, t => t.Name == name))
            ReadText(ref reader, name);
        else
            reader.Skip();
    }

    /// <summary>Holds what was read against the rules.</summary>
    /// <returns>Null if it is valid, else everything that is wrong with it.</returns>
    public Rejection? Finish(EventRules rules, out Interaction? interaction)
    {
        interaction = null;
        foreach (var (name, use, isRequired) in Texts)
        {
            if (Text(name) is { } text)
                rules.CheckText(name, Encoding.UTF8.GetBytes(text), use, ref errors);
            else if (isRequired)
                errors.Missing(name);
        }

        if (time is null)
            errors.Missing("eventTime");
        if (errors.ToRejection() is { } rejection)
            return rejection;
        interaction = new Interaction(Text("interactionId")!, Text("userId")!, Text("type")!, Text("outcome"), Text("deviceId"), Text("ip"), time!.Value);
        return null;
    }

    private string? Text(string name) => texts.GetValueOrDefault(name) is { Length: > 0 } text ? text : null;

    private void ReadText(ref Utf8JsonReader reader, string name)
    {
        errors.Forget(name);
        texts.Remove(name);
        if (reader.TokenType == JsonTokenType.Null)
            return;
        if (reader.TokenType != JsonTokenType.String)
            WrongType(ref reader, name, "a string");
        else if (TryGetText(ref reader) is { } text)
            texts[name] = text;
        else
            errors.Add(name, RejectReason.InvalidText, EventRules.NotUnicode);
    }

    private void ReadTime(ref Utf8JsonReader reader)
    {
        errors.Forget("eventTime");
        time = null;
        if (reader.TokenType == JsonTokenType.Null)
            return;
        if (reader.TokenType is not (JsonTokenType.Number or JsonTokenType.String))
            WrongType(ref reader, "eventTime", EventTime.WantedOnTheWire);
        else if (JsonEvent.ReadTime(ref reader, out var micros) is { } wrong)
            errors.Add("eventTime", RejectReason.UnreadableTime, $"{wrong}; {EventTime.WantedOnTheWire} is wanted");
        else
            time = micros;
    }

    private void WrongType(ref Utf8JsonReader reader, string name, string wanted)
    {
        errors.Add(name, RejectReason.WrongType, $"is of type {reader.TokenType}; {wanted} is wanted");
        reader.Skip();
    }

    private static string? TryGetText(ref Utf8JsonReader reader)
    {
        try
        {
            return reader.GetString();
        }
        catch (InvalidOperationException)
        {
            // Bytes that are no UTF-8, or half of a surrogate pair.
            return null;
        }
    }
}
