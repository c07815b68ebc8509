namespace Scoring.Actors.Messages;

/// <summary>A message that may go to another node. <see cref="RemoteMessageSerializer"/> writes each; a test lists them all.</summary>
public interface IRemoteMessage;
